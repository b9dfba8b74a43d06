import type { Clock } from "../server/time/clock.ts";

/** The delay before the first new attempt; it doubles with each failure. */
export const FIRST_RETRY_MS = 1_000;
/** Limits the delay before the next attempt; it does not double beyond it. */
export const MAX_RETRY_MS = 60_000;

/** Schedules new attempts of a failed operation, after 1, 2, 4 … 60 s. */
export class Backoff {
  readonly #clock: Clock;
  #nextMs = FIRST_RETRY_MS;
  #cancel: (() => void) | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Whether an attempt is scheduled. */
  get isWaiting(): boolean {
    return this.#cancel !== undefined;
  }

  /** Called after a failure: runs `retry` once, after the returned delay in ms. Cancels an attempt that is already scheduled. */
  failed(retry: () => void): number {
    this.stop();
    const delayMs = this.#nextMs;
    this.#nextMs = Math.min(2 * delayMs, MAX_RETRY_MS);
    this.#cancel = this.#clock.after(delayMs, () => {
      this.#cancel = undefined;
      retry();
    });
    return delayMs;
  }

  /** Called after a success: the delay starts from the beginning again. */
  succeeded(): void {
    this.stop();
    this.#nextMs = FIRST_RETRY_MS;
  }

  stop(): void {
    this.#cancel?.();
    this.#cancel = undefined;
  }
}
