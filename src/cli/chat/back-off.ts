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

  /** @param limitMs - how long it is tried; without it there is no end. */
  constructor(limitMs: number | undefined, signal: AbortSignal) {
    this.#limitMs = limitMs;
    this.#signal = signal;
  }

  /**
   * Connects again, as often as it takes. False when nobody waits for the connection any more.
   *
   * @throws CommandError when the time is over.
   */
  async retry(connect: () => Promise<void>): Promise<boolean> {
    while (await this.#wait()) {
      try {
        await connect();
        return !this.#signal.aborted;
      } catch {
        // The next attempt may succeed; when the time is over, that is what is told.
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
    // Not all clients of a server that is started again at the same moment.
    const waitMs = this.#nextMs * (0.5 + Math.random() / 2);
    this.#nextMs = Math.min(2 * this.#nextMs, MAX_BACK_OFF_MS);
    return pause(Math.min(waitMs, leftMs), this.#signal);
  }

  /** The connection is back. */
  reset(): void {
    this.#nextMs = FIRST_BACK_OFF_MS;
    this.#lostMs = undefined;
  }
}
