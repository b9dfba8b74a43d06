import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** The part of TypeDoc's script that makes a query for lunr of the text in the search box. */
const ORIGINAL = `i.split(" ").map(c=>c.length?\`*\${c}*\`:"").join(" ")`;

/**
 * The part of lunr that names the states of its words, to join those that are alike. A state is named by its letters and by the numbers of
 * the states that follow; run together, as in `1` and `12` or `11` and `2`, two states that differ have one name, and a search throws.
 */
const STATE = "e=e+s+o.id}return e}";
const NAMED_STATE = 'e=e+s+":"+o.id+","}return e}';

/**
 * Makes the search box take its text as words: TypeDoc gives it to lunr, which reads `:`, `~`, `^` and `\` as operators, and
 * throws for `tcp://`.
 *
 * @param {string} folder - of the site.
 */
export function searchForWords(folder) {
  const file = join(folder, "assets/main.js");
  const query = replaced(readFileSync(file, "utf8"), ORIGINAL, `(${queryOf})(i)`);
  writeFileSync(file, replaced(query, STATE, NAMED_STATE));
}

/**
 * Replaces a part of a script, which must be there once.
 *
 * @param {string} script
 * @param {string} part
 * @param {string} other
 */
function replaced(script, part, other) {
  const [before, after, ...more] = script.split(part);
  if (after === undefined || more.length > 0) throw new Error(`TypeDoc's script no longer has ${part}`);
  return before + other + after;
}

/**
 * Returns a query for each word. The index has words without the punctuation around them, divided at white space and hyphens.
 * This function runs in the browser.
 *
 * @param {string} text
 */
function queryOf(text) {
  const words = text.match(/[^\s-]+/g) ?? ["-"];
  return (
    words
      .map((word) => word.replace(/^[^\p{L}\p{N}_]+|[^\p{L}\p{N}_]+$/gu, "") || word)
      .map((word) => word.replace(/[-\\:~^]/g, "\\$&"))
      // In the middle of words, lunr looks for one or two characters for half a minute.
      .map((word) => (word.length < 3 ? `${word}*` : `*${word}*`))
      .join(" ")
  );
}
