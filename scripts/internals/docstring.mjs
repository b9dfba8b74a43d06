// Returns docstrings of TypeScript and comments of C++, as text for a cell of a Markdown table.
import { readdirSync, readFileSync } from "node:fs";
import ts from "typescript";

/**
 * Returns the files below a folder with one of the endings, sorted, as paths from the root of the repository.
 *
 * @param {string} folder
 * @param {readonly string[]} endings
 */
export function filesBelow(folder, endings) {
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((file) => endings.some((ending) => file.endsWith(ending)) && !file.startsWith("build/"))
    .map((file) => `${folder}/${file}`)
    .sort();
}

/** @param {string} file */
export function parse(file) {
  return parseText(file, readFileSync(file, "utf8"));
}

/**
 * @param {string} file
 * @param {string} text
 */
export function parseText(file, text) {
  return ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true);
}

/**
 * Returns the docstring of a node without its tags; "" when there is none.
 *
 * @param {ts.Node} node
 */
export function docstringOf(node) {
  const docs = ts.getJSDocCommentsAndTags(node).filter(ts.isJSDoc);
  return ts.getTextOfJSDocComment(docs.at(-1)?.comment) ?? "";
}

/**
 * Returns the text of the `//` lines directly above a line of C++ or at the beginning of a file; "" when there are none.
 *
 * @param {readonly string[]} lines
 */
export function textOfComment(lines) {
  return lines.map((line) => line.replace(/^\s*\/\/ ?/, "")).join("\n");
}

/**
 * Returns the first paragraph in one line, for a cell of a table.
 *
 * @param {string} text
 */
export function firstParagraph(text) {
  const [paragraph = ""] = text.trim().split(/\n\s*\n|\n(?=```)/);
  return paragraph
    .replace(/\{@link(?:code|plain)?\s+([^}|\s]+)(?:[|\s]+([^}]*))?\}/g, (_, name, words) => words || `\`${name}\``)
    .replace(/\s+/g, " ")
    .replaceAll("|", "\\|")
    .trim();
}

/**
 * Returns the first sentence of a docstring. A period ends a sentence when a capital letter or code follows it.
 *
 * @param {string} text
 */
export function firstSentence(text) {
  const paragraph = firstParagraph(text);
  const [sentence = ""] = paragraph.split(/(?<=[.!?][)"`]?)(?<!\b(?:e\.g|i\.e|cf|vs|sec)\.) (?=[\p{Lu}`"({])/u);
  return sentence;
}
