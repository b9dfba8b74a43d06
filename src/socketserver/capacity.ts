/** The queue of calls that wait until a limit allows one more task or child process. */
export class Capacity {
  readonly #waiters = new Set<() => void>();

  /** Resolves when `hasCapacity` returns true, or when the signal aborts. */
  async wait(hasCapacity: () => boolean, signal: AbortSignal): Promise<void> {
    while (!hasCapacity() && !signal.aborted) await this.#awaitChange(signal);
  }

  /** Checks all waits again, because a task or child has ended. */
  notify(): void {
    for (const wake of [...this.#waiters]) wake();
  }

  #awaitChange(signal: AbortSignal): Promise<void> {
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
