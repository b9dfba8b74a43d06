/** Time as the limits of a server see it: monotonic, so that a change of the wall clock moves none of them. */
export interface Clock {
  /** In ms, since any moment. */
  now(): number;
  /** Calls `run` once, after `delayMs` or a little more. What it gives calls that off. Keeps no process alive. */
  after(delayMs: number, run: () => void): () => void;
}

/** The longest delay of a timer: Node's timers take no more. What is due later is checked then, and waits again. */
const MAX_DELAY_MS = 2_147_483_647;

/** clock_gettime(2), CLOCK_MONOTONIC. */
export const systemClock: Clock = {
  now: () => performance.now(),
  after(delayMs, run) {
    let immediate: NodeJS.Immediate | undefined;
    // After the timers of a turn Node polls, and then runs its immediates: who was heard in this turn is not late in it.
    const timer = setTimeout(
      () => {
        // Not unref'd: Node would poll before it until something else happens, and it is over in this turn anyway.
        immediate = setImmediate(run);
      },
      Math.min(Math.ceil(delayMs), MAX_DELAY_MS),
    ).unref();
    return () => {
      clearTimeout(timer);
      clearImmediate(immediate);
    };
  },
};
