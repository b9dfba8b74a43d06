import type { Clock } from "../../server/time/clock.ts";

const MS_PER_SECOND = 1_000;

/** How often a member may say something. */
export interface MessageRateOptions {
  readonly perSecond: number;
  /** At once, after a rest. */
  readonly burst: number;
}

/** The token bucket of one member. It refuses nothing: it says when a door may read on. */
export class MessageRate {
  readonly #clock: Clock;
  readonly #options: MessageRateOptions;
  #tokens: number;
  #filledMs: number;
  #waiting: Promise<void> | undefined;
  #endWait: (() => void) | undefined;

  constructor(options: MessageRateOptions, clock: Clock) {
    this.#options = options;
    this.#clock = clock;
    this.#tokens = options.burst;
    this.#filledMs = clock.now();
  }

  /** A token is taken, be there one or not: what a door has read before it waits is served. */
  take(): void {
    this.#fill();
    this.#tokens--;
  }

  /** Settles when there is a token; undefined where there is one. */
  ready(): Promise<void> | undefined {
    this.#fill();
    if (this.#tokens >= 1) return undefined;
    this.#waiting ??= new Promise((resolve) => {
      const cancel = this.#clock.after(this.#missingMs(), () => this.#endWait?.());
      this.#endWait = () => {
        cancel();
        this.#waiting = undefined;
        this.#endWait = undefined;
        resolve();
      };
    });
    return this.#waiting;
  }

  /** Nobody waits any more. */
  end(): void {
    this.#endWait?.();
  }

  #missingMs(): number {
    return ((1 - this.#tokens) / this.#options.perSecond) * MS_PER_SECOND;
  }

  #fill(): void {
    const nowMs = this.#clock.now();
    const gained = ((nowMs - this.#filledMs) / MS_PER_SECOND) * this.#options.perSecond;
    this.#tokens = Math.min(this.#options.burst, this.#tokens + gained);
    this.#filledMs = nowMs;
  }
}
