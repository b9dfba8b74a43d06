import { AsyncLocalStorage } from "node:async_hooks";

/** A handler from its beginning to its end. */
interface Run {
  /** The handler within which it was begun, of whichever server. */
  readonly outer: Run | undefined;
  /** How many calls within it wait until others have ended. */
  waits: number;
  /** What it has begun may go on behind it. */
  hasEnded: boolean;
}

/**
 * Which handler a call is made in. Node 20 pays for this with a hook at every promise, so only servers whose `server_close()`
 * waits for handlers note it: those of datagrams, and the threading ones.
 */
const current = new AsyncLocalStorage<Run>();

/** Of all servers: handlers of two of them may wait for each other. */
const waits = new Set<() => void>();

/** The handlers of one server that have not ended yet. */
export class HandlerRuns {
  readonly #runs = new Set<Run>();

  /** Whether the call is made in a handler, of whichever server. */
  static get isWithin(): boolean {
    return runsOfNow().size > 0;
  }

  get size(): number {
    return this.#runs.size;
  }

  /** Runs a handler; it counts until its promise has settled. */
  async run<T>(handler: () => Promise<T>): Promise<T> {
    const run: Run = { outer: current.getStore(), waits: 0, hasEnded: false };
    this.#runs.add(run);
    try {
      return await current.run(run, handler);
    } finally {
      run.hasEnded = true;
      this.#runs.delete(run);
      look();
    }
  }

  /** Resolves when no handler runs any more. */
  allEnded(): Promise<void> {
    return until(() => this.#runs.size === 0);
  }

  /**
   * Resolves when no handler runs any more but those that the call is made in. Of handlers that wait for each other, also of two
   * servers, each would wait for ever: in a handler one that waits itself counts as ended.
   */
  async othersEnded(): Promise<void> {
    const own = runsOfNow();
    if (own.size === 0) return this.allEnded();
    for (const run of own) run.waits++;
    look();
    try {
      await until(() => [...this.#runs].every((run) => run.waits > 0));
    } finally {
      for (const run of own) run.waits--;
    }
  }
}

/** The handlers that the call is made in. */
function runsOfNow(): Set<Run> {
  const own = new Set<Run>();
  for (let run = current.getStore(); run !== undefined; run = run.outer) if (!run.hasEnded) own.add(run);
  return own;
}

async function until(isOver: () => boolean): Promise<void> {
  if (isOver()) return;
  await new Promise<void>((resolve) => {
    const lookAgain = (): void => {
      if (!isOver()) return;
      waits.delete(lookAgain);
      resolve();
    };
    waits.add(lookAgain);
  });
}

function look(): void {
  for (const lookAgain of waits) lookAgain();
}
