/** How long a command that ends waits for its last writes; then it ends without them, since the reader may have stopped. */
export const LAST_WORDS_MS = 1_000;

/** Resolves with whether the work was done in time. Work that takes longer continues, but is not awaited. */
export function within(durationMs: number, work: Promise<unknown>): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => resolve(false), durationMs);
    work.then(() => resolve(true), reject).finally(() => clearTimeout(timer));
  });
}
