/** The shortest time span of a plot; a history that is shorter leaves the left part empty. */
const MIN_SECONDS = 60;

/** Returns the time span that a plot shows, in seconds since the epoch. Without samples it is the last minute. */
export function timesShown(first: number | null, last: number | null): [from: number, to: number] {
  const end = last ?? Date.now() / 1_000;
  return [Math.min(first ?? end, end - MIN_SECONDS), end];
}
