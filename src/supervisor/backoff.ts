import type { Clock } from "../server/time/clock.ts";

/** How long what has failed waits until it is tried again: twice as long each time. */
export const FIRST_RETRY_MS = 1_000;
/** The longest wait before the next attempt. */
export const MAX_RETRY_MS = 60_000;

/** Tries again what has failed, after 1, 2, 4 … 60 s. */
export class Backoff {
  readonly #clock: Clock;
  #nextMs = FIRST_RETRY_MS;
  #cancel: (() => void) | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Whether it is about to be tried again. */
  get isWaiting(): boolean {
    return this.#cancel !== undefined;
  }

  /** It has failed: runs `retry` once, after what is given back. One that waits already is called off. */
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

  /** It is well: the next failure waits for the first time again. */
  succeeded(): void {
    this.stop();
    this.#nextMs = FIRST_RETRY_MS;
  }

  stop(): void {
    this.#cancel?.();
    this.#cancel = undefined;
  }
}
