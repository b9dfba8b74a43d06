import type { Link, LinkInput, LinkOutput } from "../server/transport/link.ts";
import type { Peer } from "../server/transport/peer.ts";
import type { Chaos } from "./chaos-options.ts";
import { DatagramPlan, type Way } from "./chaos-plan.ts";
import type { Tally } from "./chaos-stats.ts";

/** Datagrams that wait in one direction of one sender; further ones are lost, as in any full router. */
export const MAX_HELD_DATAGRAMS = 1_024;

interface Overtaken {
  readonly data: Buffer;
  readonly delayMs: number;
  overtakersLeft: number;
  readonly cancel: () => void;
}

/** The datagrams of one direction: some lost, some twice, some overtaken, all late, and slowly. */
export class ChaosDatagrams {
  readonly #plan: DatagramPlan;
  readonly #chaos: Chaos;
  readonly #tally: Tally;
  readonly #send: (data: Uint8Array) => boolean;
  readonly #queue: { readonly data: Buffer; readonly dueMs: number }[] = [];
  readonly #overtaken: Overtaken[] = [];
  #lastDueMs = 0;
  #cancel: (() => void) | undefined;

  /** `send` gives false for what was not taken. */
  constructor(plan: DatagramPlan, chaos: Chaos, tally: Tally, send: (data: Uint8Array) => boolean) {
    this.#plan = plan;
    this.#chaos = chaos;
    this.#tally = tally;
    this.#send = send;
  }

  /** A datagram came; its bytes are lent. */
  received(bytes: Uint8Array): void {
    const fate = this.#plan.next();
    if (fate.isDropped) {
      this.#tally.droppedDatagrams++;
      return;
    }
    if (fate.copies > 1) this.#tally.duplicatedDatagrams++;
    const data = Buffer.from(bytes);
    for (let copy = 0; copy < fate.copies; copy++) {
      if (this.#queue.length + this.#overtaken.length >= MAX_HELD_DATAGRAMS) this.#tally.overflowedDatagrams++;
      else if (fate.overtakers > 0) this.#holdBack(data, fate.delayMs, fate.overtakers);
      else this.#pass(data, fate.delayMs);
    }
    if (fate.overtakers === 0) this.#letFollow();
    this.#pump();
  }

  stop(): void {
    this.#cancel?.();
    this.#queue.length = 0;
    for (const { cancel } of this.#overtaken.splice(0)) cancel();
  }

  #holdBack(data: Buffer, delayMs: number, overtakersLeft: number): void {
    this.#tally.reorderedDatagrams++;
    const { clock, reorderHoldMs } = this.#chaos;
    const late: Overtaken = {
      data,
      delayMs,
      overtakersLeft,
      cancel: clock.after(reorderHoldMs, () => this.#release(late)),
    };
    this.#overtaken.push(late);
  }

  /** One that is not held back has passed: those that have been overtaken often enough follow. */
  #letFollow(): void {
    for (const late of [...this.#overtaken]) if (--late.overtakersLeft <= 0) this.#release(late);
  }

  #release(late: Overtaken): void {
    late.cancel();
    this.#overtaken.splice(this.#overtaken.indexOf(late), 1);
    this.#pass(late.data, late.delayMs);
    this.#pump();
  }

  #pass(data: Buffer, delayMs: number): void {
    const startMs = Math.max(this.#chaos.clock.now() + delayMs, this.#lastDueMs);
    this.#lastDueMs = startMs + (data.length * 1_000) / this.#chaos.bytesPerSecond;
    this.#queue.push({ data, dueMs: this.#lastDueMs });
  }

  #pump(): void {
    const { clock } = this.#chaos;
    if (this.#cancel !== undefined) return;
    for (let next = this.#queue[0]; next !== undefined; next = this.#queue[0]) {
      const leftMs = next.dueMs - clock.now();
      if (leftMs > 0) {
        this.#cancel = clock.after(leftMs, () => {
          this.#cancel = undefined;
          this.#pump();
        });
        return;
      }
      this.#queue.shift();
      if (this.#send(next.data)) this.#tally.datagrams++;
      else this.#tally.overflowedDatagrams++;
    }
  }
}

/** One sender of datagrams: a socket of its own towards the target, so that answers find their way back. */
export class ChaosFlow {
  readonly #toTarget: ChaosDatagrams;
  readonly #toClient: ChaosDatagrams;
  readonly #waiting: Buffer[] = [];
  readonly #connect: (flow: ChaosFlow) => void;
  #target: Link | undefined;
  #isJoining = false;
  #isOpen = true;

  /** `connect` is called when there is no socket towards the target; {@link join} answers it, or {@link close}. */
  constructor(
    chaos: Chaos,
    number: number,
    tally: Tally,
    reply: (data: Uint8Array) => boolean,
    connect: (flow: ChaosFlow) => void,
  ) {
    this.#connect = connect;
    const way = (name: Way, send: (data: Uint8Array) => boolean): ChaosDatagrams =>
      new ChaosDatagrams(new DatagramPlan(chaos, number, name), chaos, tally, (data) => {
        if (!send(data)) return false;
        if (name === "toTarget") tally.bytesToTarget += data.length;
        else tally.bytesToClient += data.length;
        return true;
      });
    this.#toTarget = way("toTarget", (data) => sent(this.#target, data));
    this.#toClient = way("toClient", reply);
  }

  join(target: Link): void {
    const events: LinkInput & LinkOutput = {
      received: (data) => this.#toClient.received(data),
      // An empty datagram, which a link cannot tell from an end; the link that told it is not to be called from within.
      ended: () => {
        this.#toClient.received(Buffer.alloc(0));
        queueMicrotask(() => target.resume());
      },
      writable: () => undefined,
      // A link tells nothing after it, so the next datagram gets another.
      failed: () => {
        target.abort();
        this.#target = undefined;
      },
    };
    target.open(events, events);
    this.#isJoining = false;
    this.#target = target;
    if (!this.#isOpen) {
      target.abort();
      return;
    }
    target.resume();
    for (const data of this.#waiting.splice(0)) this.#toTarget.received(data);
  }

  received(data: Buffer): void {
    if (this.#target !== undefined) {
      this.#toTarget.received(data);
      return;
    }
    if (this.#waiting.length < MAX_HELD_DATAGRAMS) this.#waiting.push(data);
    if (this.#isJoining) return;
    this.#isJoining = true;
    this.#connect(this);
  }

  close(): void {
    this.#isOpen = false;
    this.#toTarget.stop();
    this.#toClient.stop();
    this.#waiting.length = 0;
    this.#target?.abort();
  }
}

function sent(target: Link | undefined, data: Uint8Array): boolean {
  try {
    return target?.send(data, 0, data.length) !== undefined;
  } catch {
    // ECONNREFUSED of an earlier datagram, told by this send: lost, both of them, as datagrams are.
    return false;
  }
}

/** What tells one sender from another. */
export function keyOf(peer: Peer): string {
  return "host" in peer ? `${peer.host} ${peer.port}` : JSON.stringify(peer);
}
