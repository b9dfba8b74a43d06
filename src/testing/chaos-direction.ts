import type { Link } from "../server/transport/link.ts";
import type { ChaosSettings } from "./chaos-options.ts";
import type { StreamPlan } from "./chaos-plan.ts";

/** Bytes that wait in one direction before reading pauses; the bytes of one more event may come on top. */
export const MAX_HELD_BYTES = 256 * 1024;

/** How a side ended: with an end of the stream, or with the loss of the connection. */
export type Ending = "end" | "reset";

/** The owner of a direction, normally its connection: the direction calls these methods when its state changes. */
export interface DirectionOwner {
  /** `count` bytes were sent. */
  countSent(direction: ChaosDirection, count: number): void;
  /** All received bytes were sent, and the stream then ended in this way. */
  endDirection(direction: ChaosDirection, ending: Ending): void;
  /** The connection must be reset: the plan says so, or the receiving side has closed. */
  reset(cause: "plan" | "peer"): void;
}

interface Held {
  bytes: Uint8Array;
  readonly arrivedMs: number;
}

/** One direction of a stream through a chaos proxy: it delays, throttles and splits the bytes, and keeps their order. */
export class ChaosDirection {
  readonly to: Link;
  readonly #from: Link;
  readonly #plan: StreamPlan;
  readonly #chaos: ChaosSettings;
  readonly #owner: DirectionOwner;
  readonly #held: Held[] = [];
  #heldBytes = 0;
  #isPaused = false;
  #ending: { readonly kind: Ending; readonly atMs: number } | undefined;
  /** The size of the next piece, and when it is due. */
  #next: { count: number; readonly dueMs: number } | undefined;
  /** When the last byte was due; later bytes are not due before it. */
  #lastDueMs = 0;
  #state: "ready" | "waiting" | "stopped" = "ready";
  #cancel: (() => void) | undefined;

  constructor(from: Link, to: Link, plan: StreamPlan, chaos: ChaosSettings, owner: DirectionOwner) {
    this.#from = from;
    this.to = to;
    this.#plan = plan;
    this.#chaos = chaos;
    this.#owner = owner;
  }

  /** Whether the direction has ended or was stopped. */
  get isStopped(): boolean {
    return this.#state === "stopped";
  }

  start(): void {
    if (this.isStopped) return;
    this.#from.resume();
    this.#pump();
  }

  receive(bytes: Uint8Array): void {
    if (this.isStopped) return;
    this.#held.push({ bytes: Buffer.from(bytes), arrivedMs: this.#chaos.clock.now() });
    this.#heldBytes += bytes.length;
    if (this.#heldBytes >= MAX_HELD_BYTES && !this.#isPaused) {
      this.#isPaused = true;
      this.#from.pause();
    }
    this.#pump();
  }

  end(kind: Ending): void {
    this.#ending ??= { kind, atMs: this.#chaos.clock.now() };
    this.#pump();
  }

  /** The other side accepts bytes again. */
  resumeSending(): void {
    this.#continue();
  }

  stop(): void {
    this.#state = "stopped";
    this.#cancel?.();
    this.#held.length = 0;
  }

  #continue(): void {
    if (this.#state !== "waiting") return;
    this.#cancel = undefined;
    this.#state = "ready";
    this.#pump();
  }

  #pump(): void {
    while (this.#state === "ready") {
      if (this.#plan.isReset) {
        this.#owner.reset("plan");
        return;
      }
      const [head] = this.#held;
      if (head === undefined) {
        this.#finish();
        return;
      }
      this.#next ??= this.#planNext(head);
      if (!this.#isDue(this.#next.dueMs)) return;
      this.#send(head, this.#next);
    }
  }

  #planNext({ bytes, arrivedMs }: Held): { count: number; dueMs: number } {
    const count = Math.min(this.#plan.bytes, bytes.length);
    const startMs = Math.max(arrivedMs + this.#plan.delayMs, this.#lastDueMs);
    this.#lastDueMs = startMs + (count * 1_000) / this.#chaos.bytesPerSecond;
    return { count, dueMs: this.#lastDueMs };
  }

  #isDue(dueMs: number): boolean {
    const { clock } = this.#chaos;
    const leftMs = dueMs - clock.now();
    if (leftMs <= 0) return true;
    this.#state = "waiting";
    this.#cancel = clock.after(leftMs, () => this.#continue());
    return false;
  }

  #send(head: Held, next: { count: number }): void {
    let taken: number;
    try {
      taken = this.to.send(head.bytes, 0, next.count) ?? 0;
    } catch (error) {
      if (!(error instanceof Error && "syscall" in error)) throw error;
      // EPIPE, ECONNRESET: the receiving side has closed. The sender learns of it as it would without the proxy.
      this.#owner.reset("peer");
      return;
    }
    this.#owner.countSent(this, taken);
    this.#drop(head, taken);
    next.count -= taken;
    if (next.count > 0) {
      this.#state = "waiting";
      this.to.awaitWritable();
    } else {
      this.#next = undefined;
    }
    // The receiver reads two pieces as one unless they are sent in different turns.
    if (this.#plan.advance(taken) && this.#state === "ready" && this.#held.length > 0) this.#waitForTurn();
    this.#resumeReading();
  }

  #drop(head: Held, count: number): void {
    head.bytes = head.bytes.subarray(count);
    if (head.bytes.length === 0) this.#held.shift();
    this.#heldBytes -= count;
  }

  /** Must be called last: resume() may deliver and forward bytes before it returns. */
  #resumeReading(): void {
    if (!this.#isPaused || this.#heldBytes > MAX_HELD_BYTES / 2) return;
    this.#isPaused = false;
    if (this.#ending === undefined) this.#from.resume();
  }

  #waitForTurn(): void {
    this.#state = "waiting";
    const turn = setImmediate(() => this.#continue());
    this.#cancel = () => clearImmediate(turn);
  }

  #finish(): void {
    if (this.#ending === undefined) return;
    const { kind, atMs } = this.#ending;
    if (!this.#isDue(Math.max(atMs + this.#plan.delayMs, this.#lastDueMs))) return;
    this.stop();
    this.#owner.endDirection(this, kind);
  }
}
