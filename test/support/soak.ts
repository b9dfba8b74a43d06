/** `npm run soak` repeats what a test of every day does a few times. */
export const isSoak = process.env["SOCKWRIGHT_SOAK"] === "1";

/** How often a test does what it does: as a rule, and in `npm run soak`. */
export function often(asARule: number, inSoak: number): number {
  return isSoak ? inSoak : asARule;
}
