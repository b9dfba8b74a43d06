import type { Clock } from "../../../src/server/time/clock.ts";
import { manualClock } from "../../../src/testing.ts";

/** A clock that the test moves. `stop` simulates a process that was stopped: its timers fire late and all at once. */
export class LateClock implements Clock {
  readonly #inner;
  #leastMs = 0;
  /** How many times a timer was set. */
  timersSet = 0;

  constructor(startMs = 0) {
    this.#inner = manualClock(startMs);
  }

  /** How many timers are set. */
  get timers(): number {
    return this.#inner.pending;
  }

  now(): number {
    return Math.max(this.#inner.now(), this.#leastMs);
  }

  after(delayMs: number, run: () => void): () => void {
    this.timersSet++;
    return this.#inner.after(delayMs, run);
  }

  advance(byMs: number): void {
    this.#inner.advance(byMs);
  }

  stop(forMs: number): void {
    this.#leastMs = this.#inner.now() + forMs;
    this.#inner.advance(forMs);
  }
}
