/** The clock of a server's limits. It is monotonic, so a change of the wall clock does not affect them. */
export interface Clock {
  /** Returns the time in ms since an arbitrary moment. */
  now(): number;
  /** Calls `run` once, after `delayMs` or a little more. Returns a function that cancels it. Does not keep the process alive. */
  after(delayMs: number, run: () => void): () => void;
}

/** The longest delay of a Node timer. A longer delay fires then; the deadline wheel checks what is due and waits again. */
const MAX_DELAY_MS = 2_147_483_647;

/** The system's monotonic clock: clock_gettime(2), CLOCK_MONOTONIC. */
export const systemClock: Clock = {
  now: () => performance.now(),
  after(delayMs, run) {
    let immediate: NodeJS.Immediate | undefined;
    // Node runs timers, polls, and then runs immediates: bytes that arrive in this turn are handled before `run` looks at them.
    const timer = setTimeout(
      () => {
        // Not unref'd: else the poll before it would wait for another event. It ends within this turn anyway.
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
