/** A timer that fires once when a connection has been idle for a time. */
export class IdleTimer {
  readonly #onIdle: () => void;
  #timer: NodeJS.Timeout | undefined;

  constructor(onIdle: () => void) {
    this.#onIdle = onIdle;
  }

  /** Starts the timer, unless it runs or `durationMs` is undefined. */
  start(durationMs: number | undefined): void {
    if (durationMs === undefined || this.#timer !== undefined) return;
    this.#timer = setTimeout(this.#onIdle, durationMs);
  }

  /** Starts the time again, because data was sent or received. */
  refresh(): void {
    this.#timer?.refresh();
  }

  stop(): void {
    clearTimeout(this.#timer);
  }
}
