import { CommandError, exitCodes } from "../command-error.ts";
import { pause } from "../pause.ts";

/** The longest wait before the first attempt to reconnect; each further attempt doubles it, up to {@link MAX_BACK_OFF_MS}. */
const FIRST_BACK_OFF_MS = 250;
/** The longest wait between two attempts; the wait does not grow beyond it. */
const MAX_BACK_OFF_MS = 30_000;

/** Attempts to restore a lost connection, with growing waits between them. */
export class BackOff {
  readonly #limitMs: number | undefined;
  readonly #signal: AbortSignal;
  #nextMs = FIRST_BACK_OFF_MS;
  #lostMs: number | undefined;

  /** @param limitMs - how long to try; by default there is no limit. */
  constructor(limitMs: number | undefined, signal: AbortSignal) {
    this.#limitMs = limitMs;
    this.#signal = signal;
  }

  /**
   * Repeats `connect` until it succeeds, and returns true. Returns false when the signal has aborted.
   *
   * @throws CommandError when the time limit has passed.
   */
  async retry(connect: () => Promise<void>): Promise<boolean> {
    while (await this.#wait()) {
      try {
        await connect();
        return !this.#signal.aborted;
      } catch {
        // The next attempt may succeed. When the time limit passes, #wait() reports that, not this error.
      }
    }
    return false;
  }

  async #wait(): Promise<boolean> {
    const nowMs = performance.now();
    this.#lostMs ??= nowMs;
    const leftMs = this.#limitMs === undefined ? Number.POSITIVE_INFINITY : this.#lostMs + this.#limitMs - nowMs;
    if (leftMs <= 0) {
      const message = `the connection was lost and could not be restored within ${this.#limitMs} ms (--reconnect-timeout)`;
      throw new CommandError(message, exitCodes.timeout);
    }
    // A random wait: not all clients of a restarted server reconnect at the same moment.
    const waitMs = this.#nextMs * (0.5 + Math.random() / 2);
    this.#nextMs = Math.min(2 * this.#nextMs, MAX_BACK_OFF_MS);
    return pause(Math.min(waitMs, leftMs), this.#signal);
  }

  /** Starts again with the shortest wait; called when the connection has been restored. */
  reset(): void {
    this.#nextMs = FIRST_BACK_OFF_MS;
    this.#lostMs = undefined;
  }
}
