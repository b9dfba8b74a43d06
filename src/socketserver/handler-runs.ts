import { AsyncLocalStorage } from "node:async_hooks";

/** A handler from its beginning to its end. */
interface Run {
  /** The handler within which it was begun, of whichever server. */
  readonly outer: Run | undefined;
  /** How many calls within it wait until the others have ended. */
  waits: number;
}

/**
 * Which handler a call is made in. Node 20 pays for this with a hook at every promise, so only servers whose `server_close()`
 * waits for handlers note it: those of datagrams, and the threading ones.
 */
const current = new AsyncLocalStorage<Run>();

/** The handlers of one server that have not ended yet. */
export class HandlerRuns {
  readonly #runs = new Set<Run>();
  readonly #waits = new Set<() => void>();

  get size(): number {
    return this.#runs.size;
  }

  /** Whether the call is made in one of these handlers. */
  get isWithin(): boolean {
    return this.#ownRuns().size > 0;
  }

  /** Runs a handler; it counts until its promise has settled. */
  async run<T>(handler: () => Promise<T>): Promise<T> {
    const run: Run = { outer: current.getStore(), waits: 0 };
    this.#runs.add(run);
    try {
      return await current.run(run, handler);
    } finally {
      this.#runs.delete(run);
      this.#look();
    }
  }

  /** Resolves when no handler runs any more. */
  allEnded(): Promise<void> {
    return this.#until(() => this.#runs.size === 0);
  }

  /**
   * Resolves when no handler runs any more but those that the call is made in. Of these, two that wait for each other would
   * wait for ever: one that waits itself counts as ended.
   */
  async othersEnded(): Promise<void> {
    const own = this.#ownRuns();
    if (own.size === 0) return this.allEnded();
    for (const run of own) run.waits++;
    this.#look();
    try {
      await this.#until(() => [...this.#runs].every((run) => own.has(run) || run.waits > 0));
    } finally {
      for (const run of own) run.waits--;
    }
  }

  /** The handlers of this server that the call is made in. */
  #ownRuns(): Set<Run> {
    const own = new Set<Run>();
    for (let run = current.getStore(); run !== undefined; run = run.outer) if (this.#runs.has(run)) own.add(run);
    return own;
  }

  async #until(isOver: () => boolean): Promise<void> {
    if (isOver()) return;
    await new Promise<void>((resolve) => {
      const look = (): void => {
        if (!isOver()) return;
        this.#waits.delete(look);
        resolve();
      };
      this.#waits.add(look);
    });
  }

  #look(): void {
    for (const look of this.#waits) look();
  }
}
