import type { Clock } from "../server/time/clock.ts";
import { functionOf, integer, outOfRange, wrongType } from "../socket/values.ts";

/** Limit of pending timers, and of timers run in one `advance`; beyond it they throw, because a loop must be setting them. */
const MAX_PENDING_TIMERS = 100_000;

interface Timer {
  readonly due: number;
  readonly run: () => void;
}

interface Watcher {
  readonly count: number;
  readonly resolve: () => void;
}

/**
 * A clock that moves only when the test moves it, for code that takes a {@link Clock}. See
 * {@link manualClock}.
 */
export class ManualClock implements Clock {
  /** Ordered by due time; timers with the same due time stay in the order in which they were set. */
  readonly #timers: Timer[] = [];
  readonly #watchers: Watcher[] = [];
  #nowMs: number;
  #isAdvancing = false;

  /** @internal */
  constructor(startMs: number) {
    this.#nowMs = startMs;
  }

  /** Returns the current time in ms. See {@link manualClock}. */
  now(): number {
    return this.#nowMs;
  }

  /** The number of pending timers. */
  get pending(): number {
    return this.#timers.length;
  }

  /** The time at which the next timer is due, on the scale of {@link now}; undefined when none is pending. */
  get nextDueMs(): number | undefined {
    return this.#timers[0]?.due;
  }

  /**
   * Calls `run` once, when the clock has moved by `delayMs`. A negative number or NaN counts as 0, which is due at the next
   * {@link advance}. See {@link manualClock}.
   *
   * @returns a function that cancels the timer.
   * @throws RangeError when 100 000 timers are pending · TypeError.
   */
  after(delayMs: number, run: () => void): () => void {
    if (typeof delayMs !== "number") throw wrongType("delayMs", "of type number, in milliseconds", delayMs);
    functionOf("run", run);
    if (this.#timers.length >= MAX_PENDING_TIMERS) {
      throw new RangeError(`${MAX_PENDING_TIMERS} timers are pending: the program may set them in a loop`);
    }
    const timer: Timer = { due: this.#nowMs + Math.max(0, delayMs || 0), run };
    this.#timers.splice(this.#position(timer), 0, timer);
    this.#notifyWatchers();
    return () => this.#remove(timer);
  }

  /**
   * Moves the clock by `ms`, and runs the timers that become due, each at its own time in the order of due times, including
   * timers that these set. It throws the error that a timer throws; the clock then stands at the time of that timer, and
   * the other timers stay pending. See {@link manualClock}.
   *
   * @param ms - 0 or more.
   * @returns the number of timers that ran.
   * @throws RangeError, TypeError for an invalid `ms` · Error when a timer calls it.
   */
  advance(ms: number): number {
    if (typeof ms !== "number") throw wrongType("ms", "of type number", ms);
    if (!(ms >= 0 && Number.isFinite(ms))) throw outOfRange("ms", ">= 0: the clock cannot go back", ms);
    if (this.#isAdvancing) throw new Error("advance() cannot be called by a timer of the same clock");
    const end = this.#nowMs + ms;
    this.#isAdvancing = true;
    let ran = 0;
    try {
      // A timer set with no delay while the clock moves belongs to the same move; the limit ends a timer that sets
      // itself again without end.
      for (let next = this.#take(end); next !== undefined; next = this.#take(end)) {
        if (++ran > MAX_PENDING_TIMERS)
          throw new RangeError(`${MAX_PENDING_TIMERS} timers ran in one move of the clock`);
        this.#nowMs = next.due;
        next.run();
      }
      this.#nowMs = end;
    } finally {
      this.#isAdvancing = false;
    }
    return ran;
  }

  /**
   * Resolves as soon as `count` timers are pending, however long the sockets or promises before them take. See
   * {@link manualClock}.
   */
  awaitTimers(count = 1): Promise<void> {
    return new Promise((resolve) => {
      integer("count", count, 0, MAX_PENDING_TIMERS);
      this.#watchers.push({ count, resolve });
      this.#notifyWatchers();
    });
  }

  #take(end: number): Timer | undefined {
    const [first] = this.#timers;
    return first !== undefined && first.due <= end ? this.#timers.shift() : undefined;
  }

  #remove(timer: Timer): void {
    const at = this.#timers.indexOf(timer);
    if (at >= 0) this.#timers.splice(at, 1);
  }

  #position({ due }: Timer): number {
    let low = 0;
    for (let high = this.#timers.length; low < high; ) {
      const middle = (low + high) >>> 1;
      if ((this.#timers[middle]?.due ?? 0) <= due) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #notifyWatchers(): void {
    for (let at = this.#watchers.length - 1; at >= 0; at--) {
      const watcher = this.#watchers[at];
      if (watcher === undefined || watcher.count > this.#timers.length) continue;
      this.#watchers.splice(at, 1);
      watcher.resolve();
    }
  }
}

/**
 * Makes a clock for a test. It stands at `startMs`, default 0, until the test moves it.
 *
 * @example
 * ```ts
 * import { manualClock } from "sockwright/testing";
 *
 * const clock = manualClock();
 * let ranAt = 0;
 * clock.after(60_000, () => {
 *   ranAt = clock.now();
 * });
 * const cancel = clock.after(10, () => console.log("never"));
 * cancel();
 * console.log(clock.pending, clock.nextDueMs); // => 1 60000
 * await clock.awaitTimers(1); // not before one timer is pending
 * clock.advance(60_000);
 * console.log(ranAt); // => 60000
 * ```
 */
export function manualClock(startMs = 0): ManualClock {
  if (typeof startMs !== "number") throw wrongType("startMs", "of type number", startMs);
  if (!Number.isFinite(startMs)) throw outOfRange("startMs", "a finite number", startMs);
  return new ManualClock(startMs);
}
