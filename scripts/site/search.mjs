import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** The part of TypeDoc's script that makes a query for lunr of the text in the search box. */
const ORIGINAL = `i.split(" ").map(c=>c.length?\`*\${c}*\`:"").join(" ")`;

/**
 * Makes the search box take its text as words: TypeDoc gives it to lunr, which reads `:`, `~`, `^` and `\` as operators, and
 * throws for `tcp://`.
 *
 * @param {string} folder - of the site.
 */
export function searchForWords(folder) {
  const file = join(folder, "assets/main.js");
  const [before, after, ...more] = readFileSync(file, "utf8").split(ORIGINAL);
  if (after === undefined || more.length > 0) throw new Error("TypeDoc's script no longer has the query of its search");
  writeFileSync(file, `${before}(${queryOf})(i)${after}`);
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
