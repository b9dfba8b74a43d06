import type { Clock } from "../server/time/clock.ts";
import { functionOf, integer, outOfRange, wrongType } from "../socket/values.ts";

/** Timers that are pending, or run in one move. More are a program that sets them in a loop. */
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
 * A clock that stands still until it is moved, for code that takes a {@link Clock}. See
 * {@link manualClock}.
 */
export class ManualClock implements Clock {
  /** By due time, and among equal ones in the order in which they were set. */
  readonly #timers: Timer[] = [];
  readonly #watchers: Watcher[] = [];
  #nowMs: number;
  #isAdvancing = false;

  /** @internal */
  constructor(startMs: number) {
    this.#nowMs = startMs;
  }

  /** In ms. See {@link manualClock}. */
  now(): number {
    return this.#nowMs;
  }

  /** How many timers are pending. */
  get pending(): number {
    return this.#timers.length;
  }

  /** When the next timer is due, as a time of {@link now}; undefined when none is pending. */
  get nextDueMs(): number | undefined {
    return this.#timers[0]?.due;
  }

  /**
   * Calls `run` once, when the clock has been moved by `delayMs`; what is not above 0, or NaN, counts as 0, and runs
   * at the next {@link advance}. What it gives calls that off. See {@link manualClock}.
   *
   * @throws RangeError when 100 000 timers are pending · TypeError.
   */
  after(delayMs: number, run: () => void): () => void {
    if (typeof delayMs !== "number") throw wrongType("delayMs", "of type number, in milliseconds", delayMs);
    functionOf("run", run);
    if (this.#timers.length >= MAX_PENDING_TIMERS) {
      throw new RangeError(`${MAX_PENDING_TIMERS} timers are pending: is one set in a loop?`);
    }
    const timer: Timer = { due: this.#nowMs + Math.max(0, delayMs || 0), run };
    this.#timers.splice(this.#position(timer), 0, timer);
    this.#tellWatchers();
    return () => this.#remove(timer);
  }

  /**
   * Moves the clock by `ms`, and runs what becomes due: in the order of due times, each at its own time, and those that a
   * timer sets on the way too. What one throws comes out here; the clock then stands at its time, and the rest is still
   * pending. See {@link manualClock}.
   *
   * @param ms - 0 or more.
   * @returns how many timers ran.
   * @throws RangeError for what is no such number · Error inside of a timer's task.
   */
  advance(ms: number): number {
    if (typeof ms !== "number") throw wrongType("ms", "of type number", ms);
    if (!(ms >= 0 && Number.isFinite(ms))) throw outOfRange("ms", ">= 0: a clock does not go back", ms);
    if (this.#isAdvancing) throw new Error("The clock is being moved: a timer cannot move it");
    const end = this.#nowMs + ms;
    this.#isAdvancing = true;
    let ran = 0;
    try {
      // What is set with no delay while the clock moves belongs to the same move, but a timer that sets itself again
      // and again with none must not keep it there.
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
   * Settles as soon as `count` timers are pending: what has to happen first, in a socket or in a promise, may take its
   * time. See {@link manualClock}.
   */
  timers(count = 1): Promise<void> {
    return new Promise((resolve) => {
      integer("count", count, 0, MAX_PENDING_TIMERS);
      this.#watchers.push({ count, resolve });
      this.#tellWatchers();
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

  #tellWatchers(): void {
    for (let at = this.#watchers.length - 1; at >= 0; at--) {
      const watcher = this.#watchers[at];
      if (watcher === undefined || watcher.count > this.#timers.length) continue;
      this.#watchers.splice(at, 1);
      watcher.resolve();
    }
  }
}

/**
 * Makes a clock for a test: it stands at `startMs`, default 0, until the test moves it.
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
 * await clock.timers(1); // not before one timer is pending
 * clock.advance(60_000);
 * console.log(ranAt); // => 60000
 * ```
 */
export function manualClock(startMs = 0): ManualClock {
  if (typeof startMs !== "number") throw wrongType("startMs", "of type number", startMs);
  if (!Number.isFinite(startMs)) throw outOfRange("startMs", "a finite number", startMs);
  return new ManualClock(startMs);
}
