import { AsyncLocalStorage } from "node:async_hooks";

/** One run of a handler. */
interface Run {
  /** The run within which this one began, of any server. */
  readonly outer: Run | undefined;
  /** The number of calls within it that wait until other handlers have ended. */
  waits: number;
  /** Whether it has ended; calls that it began may still go on. */
  hasEnded: boolean;
}

/**
 * The run that the current call belongs to. On Node 20 this costs a hook for every promise, so only servers whose
 * `server_close()` waits for handlers use it: datagram servers and threading servers.
 */
const current = new AsyncLocalStorage<Run>();

/** The waits of all servers: handlers of two servers may wait for each other. */
const waitChecks = new Set<() => void>();

/** The set of running handlers of one server, which `server_close()` waits for. */
export class HandlerRuns {
  readonly #runs = new Set<Run>();

  /** Whether the current call comes from a handler, of any server. */
  static get isInHandler(): boolean {
    return currentRuns().size > 0;
  }

  get size(): number {
    return this.#runs.size;
  }

  /** Runs a handler; it counts as running until its promise has settled. */
  async run<T>(handler: () => Promise<T>): Promise<T> {
    const run: Run = { outer: current.getStore(), waits: 0, hasEnded: false };
    this.#runs.add(run);
    try {
      return await current.run(run, handler);
    } finally {
      run.hasEnded = true;
      this.#runs.delete(run);
      checkWaits();
    }
  }

  /** Resolves when no handler is running. */
  awaitAll(): Promise<void> {
    return awaitCondition(() => this.#runs.size === 0);
  }

  /**
   * Resolves when no handler is running except those that the current call comes from. Handlers that wait for each other, even
   * of two servers, would wait for ever; so within a handler, another handler that waits itself counts as ended.
   */
  async awaitOthers(): Promise<void> {
    const own = currentRuns();
    if (own.size === 0) return this.awaitAll();
    for (const run of own) run.waits++;
    checkWaits();
    try {
      await awaitCondition(() => [...this.#runs].every((run) => run.waits > 0));
    } finally {
      for (const run of own) run.waits--;
    }
  }
}

/** Returns the runs that the current call comes from. */
function currentRuns(): Set<Run> {
  const own = new Set<Run>();
  for (let run = current.getStore(); run !== undefined; run = run.outer) if (!run.hasEnded) own.add(run);
  return own;
}

async function awaitCondition(isOver: () => boolean): Promise<void> {
  if (isOver()) return;
  await new Promise<void>((resolve) => {
    const check = (): void => {
      if (!isOver()) return;
      waitChecks.delete(check);
      resolve();
    };
    waitChecks.add(check);
  });
}

function checkWaits(): void {
  for (const check of waitChecks) check();
}
