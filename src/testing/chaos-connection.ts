import { NO_PLACE, type Placed } from "../native/placed-list.ts";
import type { Link, LinkInput, LinkOutput } from "../server/transport/link.ts";
import { ChaosDirection, type DirectionOwner, type Ending } from "./chaos-direction.ts";
import type { ChaosSettings } from "./chaos-options.ts";
import { StreamPlan } from "./chaos-plan.ts";
import type { Tally } from "./chaos-stats.ts";

/** One connection through a chaos proxy: the link to the client, the link to the target, and the two directions between them. */
export class ChaosConnection implements DirectionOwner, Placed {
  /** The index in the proxy's list of connections. */
  place = NO_PLACE;
  readonly #client: Link;
  readonly #chaos: ChaosSettings;
  readonly #number: number;
  readonly #tally: Tally;
  readonly #onClosed: () => void;
  #target: Link | undefined;
  #toTarget: ChaosDirection | undefined;
  #toClient: ChaosDirection | undefined;
  #endedDirections = 0;
  #isOpen = true;

  /** The connection calls `closed` once both sides are closed. */
  constructor(client: Link, chaos: ChaosSettings, number: number, tally: Tally, onClosed: () => void) {
    this.#client = client;
    this.#chaos = chaos;
    this.#number = number;
    this.#tally = tally;
    this.#onClosed = onClosed;
    const events = this.#events(
      () => this.#toTarget,
      () => this.#toClient,
    );
    client.open(events, events);
  }

  /** Adds the link to the target, and begins to forward. */
  join(target: Link): void {
    const events = this.#events(
      () => this.#toClient,
      () => this.#toTarget,
    );
    target.open(events, events);
    this.#target = target;
    if (!this.#isOpen) {
      target.abort();
      return;
    }
    const plan = (direction: "toTarget" | "toClient"): StreamPlan =>
      new StreamPlan(this.#chaos, this.#number, direction);
    this.#toTarget = new ChaosDirection(this.#client, target, plan("toTarget"), this.#chaos, this);
    this.#toClient = new ChaosDirection(target, this.#client, plan("toClient"), this.#chaos, this);
    this.#toTarget.start();
    this.#toClient.start();
  }

  /** Resets both sides. */
  abort(): void {
    this.#end((link) => link.abort());
  }

  countSent(direction: ChaosDirection, count: number): void {
    if (direction === this.#toTarget) this.#tally.bytesToTarget += count;
    else this.#tally.bytesToClient += count;
  }

  reset(cause: "plan" | "peer"): void {
    if (!this.#isOpen) return;
    if (cause === "plan") this.#tally.resets++;
    this.abort();
  }

  endDirection(direction: ChaosDirection, ending: Ending): void {
    if (ending === "reset") {
      this.abort();
      return;
    }
    this.#endedDirections++;
    const { halfClose } = this.#chaos;
    if (this.#endedDirections === 2 || halfClose === "close") this.#end((link) => link.close());
    else if (halfClose === "pass") direction.to.end();
  }

  #events(outOf: () => ChaosDirection | undefined, into: () => ChaosDirection | undefined): LinkInput & LinkOutput {
    return {
      onReceived: (bytes) => outOf()?.receive(bytes),
      onEnd: () => outOf()?.end("end"),
      onWritable: () => into()?.resumeSending(),
      onError: () => {
        into()?.stop();
        const direction = outOf();
        // Bytes received before the loss are forwarded first, and the reset after them.
        if (direction === undefined || direction.isStopped) this.abort();
        else direction.end("reset");
      },
    };
  }

  #end(close: (link: Link) => void): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#toTarget?.stop();
    this.#toClient?.stop();
    close(this.#client);
    if (this.#target !== undefined) close(this.#target);
    this.#onClosed();
  }
}
