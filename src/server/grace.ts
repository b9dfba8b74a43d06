/** The time that a closing server waits: it ends at the earliest end that a caller has asked for. */
export class Grace {
  /** Resolves when the grace is over. */
  readonly whenOver: Promise<void>;
  #end: () => void = () => undefined;
  #endsMs = Number.POSITIVE_INFINITY;
  #timer: NodeJS.Timeout | undefined;
  #isOver = false;
  #isStopped = false;
  readonly #signals: AbortSignal[] = [];

  constructor() {
    this.whenOver = new Promise((resolve) => {
      this.#end = () => {
        this.#isOver = true;
        this.stop();
        resolve();
      };
    });
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  /** Ends the grace after `graceMs`, or when the signal aborts, unless it ends earlier. */
  endWithin(graceMs: number, signal: AbortSignal | undefined): void {
    if (this.#isOver || this.#isStopped) return;
    if (signal?.aborted === true) {
      this.#end();
      return;
    }
    if (signal !== undefined) {
      signal.addEventListener("abort", this.#end, { once: true });
      this.#signals.push(signal);
    }
    const endsMs = performance.now() + graceMs;
    if (endsMs >= this.#endsMs) return;
    this.#endsMs = endsMs;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(this.#end, graceMs);
  }

  /** Ends the wait: clears the timer, removes the signal listeners, and takes no new ones. */
  stop(): void {
    this.#isStopped = true;
    clearTimeout(this.#timer);
    for (const signal of this.#signals.splice(0)) signal.removeEventListener("abort", this.#end);
  }
}
