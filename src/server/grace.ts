/** How long a server that closes waits: until the earliest end that anybody has asked for. */
export class Grace {
  /** Settles when it is over. */
  readonly over: Promise<void>;
  #end: () => void = () => undefined;
  #endsMs = Number.POSITIVE_INFINITY;
  #timer: NodeJS.Timeout | undefined;
  #isOver = false;
  #isStopped = false;
  readonly #signals: AbortSignal[] = [];

  constructor() {
    this.over = new Promise((resolve) => {
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

  /** It ends in so long, or when the signal aborts, if it does not end before. */
  endsWithin(graceMs: number, signal: AbortSignal | undefined): void {
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

  /** Nobody waits any more: its timer and its listeners are let go, and there are no others. */
  stop(): void {
    this.#isStopped = true;
    clearTimeout(this.#timer);
    for (const signal of this.#signals.splice(0)) signal.removeEventListener("abort", this.#end);
  }
}
