import type { Link, LinkInput, LinkOutput } from "../server/transport/link.ts";
import type { Peer } from "../server/transport/peer.ts";
import type { ChaosSettings } from "./chaos-options.ts";
import { DatagramPlan, type DirectionName } from "./chaos-plan.ts";
import type { Tally } from "./chaos-stats.ts";

/** Limit of datagrams that wait in one direction of one sender; the proxy drops further ones, like a router with a full queue. */
export const MAX_HELD_DATAGRAMS = 1_024;

interface HeldDatagram {
  readonly data: Buffer;
  readonly delayMs: number;
  overtakersLeft: number;
  readonly cancel: () => void;
}

/** The queue of datagrams of one direction through a chaos proxy, which drops, duplicates, reorders, delays and throttles them. */
export class ChaosDatagrams {
  readonly #plan: DatagramPlan;
  readonly #chaos: ChaosSettings;
  readonly #tally: Tally;
  readonly #send: (data: Uint8Array) => boolean;
  readonly #queue: { readonly data: Buffer; readonly dueMs: number }[] = [];
  readonly #held: HeldDatagram[] = [];
  #lastDueMs = 0;
  #cancel: (() => void) | undefined;

  /** `send` returns false for a datagram that the kernel did not accept. */
  constructor(plan: DatagramPlan, chaos: ChaosSettings, tally: Tally, send: (data: Uint8Array) => boolean) {
    this.#plan = plan;
    this.#chaos = chaos;
    this.#tally = tally;
    this.#send = send;
  }

  /** Queues a datagram; copies its bytes, which belong to the caller. */
  enqueue(bytes: Uint8Array): void {
    const faults = this.#plan.next();
    if (faults.isDropped) {
      this.#tally.droppedDatagrams++;
      return;
    }
    if (faults.copies > 1) this.#tally.duplicatedDatagrams++;
    const data = Buffer.from(bytes);
    for (let copy = 0; copy < faults.copies; copy++) {
      if (this.#queue.length + this.#held.length >= MAX_HELD_DATAGRAMS) this.#tally.overflowedDatagrams++;
      else if (faults.overtakers > 0) this.#holdBack(data, faults.delayMs, faults.overtakers);
      else this.#schedule(data, faults.delayMs);
    }
    if (faults.overtakers === 0) this.#countOvertaker();
    this.#pump();
  }

  stop(): void {
    this.#cancel?.();
    this.#queue.length = 0;
    for (const { cancel } of this.#held.splice(0)) cancel();
  }

  #holdBack(data: Buffer, delayMs: number, overtakersLeft: number): void {
    this.#tally.reorderedDatagrams++;
    const { clock, reorderHoldMs } = this.#chaos;
    const held: HeldDatagram = {
      data,
      delayMs,
      overtakersLeft,
      cancel: clock.after(reorderHoldMs, () => this.#release(held)),
    };
    this.#held.push(held);
  }

  /** Counts one datagram that overtakes the held ones, and releases those that enough datagrams have overtaken. */
  #countOvertaker(): void {
    for (const late of [...this.#held]) if (--late.overtakersLeft <= 0) this.#release(late);
  }

  #release(late: HeldDatagram): void {
    late.cancel();
    this.#held.splice(this.#held.indexOf(late), 1);
    this.#schedule(late.data, late.delayMs);
    this.#pump();
  }

  #schedule(data: Buffer, delayMs: number): void {
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

/** One sender of datagrams through a chaos proxy; it has its own socket to the target, so that answers reach it. */
export class ChaosFlow {
  readonly #toTarget: ChaosDatagrams;
  readonly #toClient: ChaosDatagrams;
  readonly #waiting: Buffer[] = [];
  readonly #connect: (flow: ChaosFlow) => void;
  #target: Link | undefined;
  #isJoining = false;
  #isOpen = true;

  /** The flow calls `connect` when it has no socket to the target; the callee then calls {@link join} or {@link close}. */
  constructor(
    chaos: ChaosSettings,
    number: number,
    tally: Tally,
    reply: (data: Uint8Array) => boolean,
    connect: (flow: ChaosFlow) => void,
  ) {
    this.#connect = connect;
    const makeDirection = (name: DirectionName, send: (data: Uint8Array) => boolean): ChaosDatagrams =>
      new ChaosDatagrams(new DatagramPlan(chaos, number, name), chaos, tally, (data) => {
        if (!send(data)) return false;
        if (name === "toTarget") tally.bytesToTarget += data.length;
        else tally.bytesToClient += data.length;
        return true;
      });
    this.#toTarget = makeDirection("toTarget", (data) => trySend(this.#target, data));
    this.#toClient = makeDirection("toClient", reply);
  }

  join(target: Link): void {
    const events: LinkInput & LinkOutput = {
      onReceived: (data) => this.#toClient.enqueue(data),
      // An empty datagram, which a link cannot distinguish from an end. The link must not be called within its own event.
      onEnd: () => {
        this.#toClient.enqueue(Buffer.alloc(0));
        queueMicrotask(() => target.resume());
      },
      onWritable: () => undefined,
      // A link reports nothing after a failure, so the next datagram gets a new link.
      onError: () => {
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
    for (const data of this.#waiting.splice(0)) this.#toTarget.enqueue(data);
  }

  forward(data: Buffer): void {
    if (this.#target !== undefined) {
      this.#toTarget.enqueue(data);
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

function trySend(target: Link | undefined, data: Uint8Array): boolean {
  try {
    return target?.send(data, 0, data.length) !== undefined;
  } catch {
    // ECONNREFUSED of an earlier datagram, which this send reports: both datagrams are lost.
    return false;
  }
}

/** Returns a key that identifies the sender. */
export function keyOf(peer: Peer): string {
  return "host" in peer ? `${peer.host} ${peer.port}` : JSON.stringify(peer);
}
