import type { Clock } from "../../server/time/clock.ts";

const MS_PER_SECOND = 1_000;

/** The rate at which a member may make calls. */
export interface MessageRateOptions {
  readonly perSecond: number;
  /** Calls at once after the member was idle. */
  readonly burst: number;
}

/** The token bucket of one member. It refuses nothing; it tells the endpoint when to read on. */
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

  /** Takes a token even if there is none: calls that the endpoint has already read are served. */
  take(): void {
    this.#fill();
    this.#tokens--;
  }

  /** Returns a promise that resolves when there is a token; undefined if there is one now. */
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

  /** Ends a wait in {@link ready}. */
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
