/** Wakes all who wait for the next time that something happens. */
export class WakeUp {
  #waiting: (() => void)[] = [];

  /** Settles at the next {@link notify}. */
  next(): Promise<void> {
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  notify(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const resolve of waiting) resolve();
  }
}
