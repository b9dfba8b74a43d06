/** What is still to be written when a command ends gets so much time: its reader may have stopped reading. */
export const LAST_WORDS_MS = 1_000;

/** Whether the work was done in time; what takes longer goes on, and nobody waits for it. */
export function within(durationMs: number, work: Promise<unknown>): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => resolve(false), durationMs);
    work.then(() => resolve(true), reject).finally(() => clearTimeout(timer));
  });
}
