/** Tells when nothing has moved for a time. */
export class Silence {
  readonly #onSilence: () => void;
  #timer: NodeJS.Timeout | undefined;

  constructor(onSilence: () => void) {
    this.#onSilence = onSilence;
  }

  /** From now on, so much silence is told, once. Without a time there is no limit. */
  limit(durationMs: number | undefined): void {
    if (durationMs === undefined || this.#timer !== undefined) return;
    this.#timer = setTimeout(this.#onSilence, durationMs);
  }

  /** Something has moved. */
  broken(): void {
    this.#timer?.refresh();
  }

  stop(): void {
    clearTimeout(this.#timer);
  }
}
