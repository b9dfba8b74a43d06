/** `npm run soak` repeats what a normal test does a few times. */
export const isSoak = process.env["SOCKWRIGHT_SOAK"] === "1";

/** The number of repetitions of a test: the default, and that of `npm run soak`. */
export function often(asARule: number, inSoak: number): number {
  return isSoak ? inSoak : asARule;
}
