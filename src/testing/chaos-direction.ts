import type { Link } from "../server/transport/link.ts";
import type { Chaos } from "./chaos-options.ts";
import type { StreamPlan } from "./chaos-plan.ts";

/** Bytes that one direction holds. Then the proxy stops reading for it; what one event brings comes on top. */
export const MAX_HELD_BYTES = 256 * 1024;

/** How a side ended: with an end, or by losing the connection. */
export type Ending = "end" | "reset";

/** Whom a direction belongs to. */
export interface DirectionOwner {
  passed(direction: ChaosDirection, count: number): void;
  /** All that came has been sent, and this is what came behind it. */
  finished(direction: ChaosDirection, ending: Ending): void;
  /** The plan says that the connection is reset now, or the side that is sent to is gone. */
  broke(cause: "plan" | "peer"): void;
}

interface Held {
  bytes: Uint8Array;
  readonly arrivedMs: number;
}

/** What comes from one side and goes to the other: late, slowly, in pieces, and in order. */
export class ChaosDirection {
  readonly to: Link;
  readonly #from: Link;
  readonly #plan: StreamPlan;
  readonly #chaos: Chaos;
  readonly #owner: DirectionOwner;
  readonly #held: Held[] = [];
  #heldBytes = 0;
  #isPaused = false;
  #ending: { readonly kind: Ending; readonly atMs: number } | undefined;
  /** What goes next, and when. */
  #next: { count: number; readonly dueMs: number } | undefined;
  /** When the last byte went: none overtakes another. */
  #lastDueMs = 0;
  #state: "ready" | "waiting" | "stopped" = "ready";
  #cancel: (() => void) | undefined;

  constructor(from: Link, to: Link, plan: StreamPlan, chaos: Chaos, owner: DirectionOwner) {
    this.#from = from;
    this.to = to;
    this.#plan = plan;
    this.#chaos = chaos;
    this.#owner = owner;
  }

  /** Nothing more passes: it has ended, or was stopped. */
  get isStopped(): boolean {
    return this.#state === "stopped";
  }

  start(): void {
    if (this.isStopped) return;
    this.#from.resume();
    this.#pump();
  }

  received(bytes: Uint8Array): void {
    if (this.isStopped) return;
    this.#held.push({ bytes: Buffer.from(bytes), arrivedMs: this.#chaos.clock.now() });
    this.#heldBytes += bytes.length;
    if (this.#heldBytes >= MAX_HELD_BYTES && !this.#isPaused) {
      this.#isPaused = true;
      this.#from.pause();
    }
    this.#pump();
  }

  ended(kind: Ending): void {
    this.#ending ??= { kind, atMs: this.#chaos.clock.now() };
    this.#pump();
  }

  /** There is room again for what the other side did not take. */
  writable(): void {
    this.#goOn();
  }

  stop(): void {
    this.#state = "stopped";
    this.#cancel?.();
    this.#held.length = 0;
  }

  #goOn(): void {
    if (this.#state !== "waiting") return;
    this.#cancel = undefined;
    this.#state = "ready";
    this.#pump();
  }

  #pump(): void {
    while (this.#state === "ready") {
      if (this.#plan.isReset) {
        this.#owner.broke("plan");
        return;
      }
      const [head] = this.#held;
      if (head === undefined) {
        this.#finish();
        return;
      }
      this.#next ??= this.#planned(head);
      if (!this.#isDue(this.#next.dueMs)) return;
      this.#send(head, this.#next);
    }
  }

  #planned({ bytes, arrivedMs }: Held): { count: number; dueMs: number } {
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
    this.#cancel = clock.after(leftMs, () => this.#goOn());
    return false;
  }

  #send(head: Held, next: { count: number }): void {
    let taken: number;
    try {
      taken = this.to.send(head.bytes, 0, next.count) ?? 0;
    } catch (error) {
      if (!(error instanceof Error && "syscall" in error)) throw error;
      // EPIPE, ECONNRESET: the side that is sent to is gone, and whoever sends is told as it would be without us.
      this.#owner.broke("peer");
      return;
    }
    this.#owner.passed(this, taken);
    this.#drop(head, taken);
    next.count -= taken;
    if (next.count > 0) {
      this.#state = "waiting";
      this.to.awaitWritable();
    } else {
      this.#next = undefined;
    }
    // Only what is read in a turn of its own is surely a piece of its own.
    if (this.#plan.pass(taken) && this.#state === "ready" && this.#held.length > 0) this.#waitForTurn();
    this.#readOn();
  }

  #drop(head: Held, count: number): void {
    head.bytes = head.bytes.subarray(count);
    if (head.bytes.length === 0) this.#held.shift();
    this.#heldBytes -= count;
  }

  /** Comes last, since what is there to read may be received, and pumped, before the call returns. */
  #readOn(): void {
    if (!this.#isPaused || this.#heldBytes > MAX_HELD_BYTES / 2) return;
    this.#isPaused = false;
    if (this.#ending === undefined) this.#from.resume();
  }

  #waitForTurn(): void {
    this.#state = "waiting";
    const turn = setImmediate(() => this.#goOn());
    this.#cancel = () => clearImmediate(turn);
  }

  #finish(): void {
    if (this.#ending === undefined) return;
    const { kind, atMs } = this.#ending;
    if (!this.#isDue(Math.max(atMs + this.#plan.delayMs, this.#lastDueMs))) return;
    this.stop();
    this.#owner.finished(this, kind);
  }
}
