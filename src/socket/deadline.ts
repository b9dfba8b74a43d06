/**
 * The timer behind a socket's time-outs. It is not moved when a call ends: when it fires, its owner looks which calls
 * are due and says when it shall fire next, so a call that ends in time costs no timer at all.
 */
export class Deadline {
  #timer: NodeJS.Timeout | undefined;
  #due = Number.POSITIVE_INFINITY;

  /** Makes sure that `expire` is called at `due`, a time of {@link now}, or before. */
  atLatest(due: number, expire: () => void): void {
    if (due >= this.#due) return;
    this.clear();
    this.#due = due;
    const run = (): void => {
      this.#timer = undefined;
      this.#due = Number.POSITIVE_INFINITY;
      expire();
    };
    // The poller keeps the process alive while a call waits; a timer that outlives its call must not.
    this.#timer = setTimeout(run, Math.max(1, Math.ceil(due - now()))).unref();
  }

  clear(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#due = Number.POSITIVE_INFINITY;
  }
}

/** The monotonic clock, in ms: a change of the wall clock moves no deadline. */
export function now(): number {
  return performance.now();
}

/** The longest time-out: Node's timers take at most this much, about 24.8 days. */
export const MAX_TIMEOUT_MS = 0x7fffffff;

/** Waits that double from `minMs` to `maxMs` until something is achieved. */
export class Backoff {
  #timer: NodeJS.Timeout | undefined;
  #nextMs: number;
  readonly minMs: number;
  readonly maxMs: number;

  constructor(minMs: number, maxMs: number) {
    this.minMs = minMs;
    this.maxMs = maxMs;
    this.#nextMs = minMs;
  }

  get isWaiting(): boolean {
    return this.#timer !== undefined;
  }

  /** Runs `task` after the next wait. A wait under way is left as it is. */
  schedule(task: () => void): void {
    if (this.#timer !== undefined) return;
    const run = (): void => {
      this.#timer = undefined;
      task();
    };
    this.#timer = setTimeout(run, this.#nextMs).unref();
    this.#nextMs = Math.min(this.#nextMs * 2, this.maxMs);
  }

  /** Something was achieved: the next wait is the shortest again. One under way goes on. */
  reset(): void {
    this.#nextMs = this.minMs;
  }

  cancel(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }
}
