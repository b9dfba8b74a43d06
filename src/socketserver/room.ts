/** Those who wait for a number to go down: of tasks, of children. */
export class Room {
  readonly #waiters = new Set<() => void>();

  /** Resolves when there is room, or when the signal aborts. */
  async wait(hasRoom: () => boolean, signal: AbortSignal): Promise<void> {
    while (!hasRoom() && !signal.aborted) await this.#change(signal);
  }

  /** Something has ended. */
  changed(): void {
    for (const wake of [...this.#waiters]) wake();
  }

  #change(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const wake = (): void => {
        this.#waiters.delete(wake);
        signal.removeEventListener("abort", wake);
        resolve();
      };
      this.#waiters.add(wake);
      signal.addEventListener("abort", wake);
    });
  }
}
