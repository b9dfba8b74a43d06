/**
 * The timer of a socket's time-outs. It is not moved when a call ends: when it fires, its owner ends the calls that are due and
 * says when it fires next, so a call that ends in time costs no timer.
 */
export class Deadline {
  #timer: NodeJS.Timeout | undefined;
  #due = Number.POSITIVE_INFINITY;

  /** Calls `expire` at `due`, a time of {@link now}, or earlier. */
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

/** Returns the time of the monotonic clock, in ms: a change of the wall clock moves no deadline. */
export function now(): number {
  return performance.now();
}

/** The longest time-out, in ms, about 24.8 days; a longer one is a RangeError, since Node's timers take no more. */
export const MAX_TIMEOUT_MS = 0x7fffffff;

/** Schedules tasks after waits that double from `minMs` to `maxMs`, until {@link reset}. */
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

  /** Runs `task` after the next wait. It does not change a wait in progress. */
  schedule(task: () => void): void {
    if (this.#timer !== undefined) return;
    const run = (): void => {
      this.#timer = undefined;
      task();
    };
    this.#timer = setTimeout(run, this.#nextMs).unref();
    this.#nextMs = Math.min(this.#nextMs * 2, this.maxMs);
  }

  /** Makes the next wait the shortest again, after progress. A wait in progress continues. */
  reset(): void {
    this.#nextMs = this.minMs;
  }

  cancel(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }
}
