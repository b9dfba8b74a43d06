/**
 * The largest distance at which a word still counts as a misspelling; beyond it, it is another word. In words of three letters,
 * one may be wrong.
 */
const MAX_DISTANCE = 2;
const LETTERS_PER_SLIP = 3;

/** The word that was probably meant: the nearest of those known, if it is near enough. */
export function nearest(word: string, known: readonly string[]): string | undefined {
  const slips = Math.min(MAX_DISTANCE, Math.max(1, Math.floor(word.length / LETTERS_PER_SLIP)));
  const ranked = known
    .map((candidate) => ({ candidate, distance: distance(word, candidate) }))
    .filter((each) => each.distance <= slips)
    .sort((a, b) => a.distance - b.distance);
  return ranked[0]?.candidate;
}

/** Edits between two words, two neighbours swapped being one: the optimal string alignment distance. */
function distance(from: string, to: string): number {
  const rows = [Array.from({ length: to.length + 1 }, (_, column) => column)];
  const at = (row: number, column: number): number => rows[row]?.[column] ?? Number.POSITIVE_INFINITY;
  for (let row = 1; row <= from.length; row++) {
    rows.push([row]);
    for (let column = 1; column <= to.length; column++) {
      const isSame = from[row - 1] === to[column - 1];
      const isSwapped = from[row - 1] === to[column - 2] && from[row - 2] === to[column - 1];
      const replaced = at(row - 1, column - 1) + (isSame ? 0 : 1);
      const swapped = isSwapped ? at(row - 2, column - 2) + 1 : Number.POSITIVE_INFINITY;
      rows[row]?.push(Math.min(at(row - 1, column) + 1, at(row, column - 1) + 1, replaced, swapped));
    }
  }
  return at(from.length, to.length);
}
