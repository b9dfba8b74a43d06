// The pages of this repository, and what can be read out of their Markdown.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

export const root = fileURLToPath(new URL("../../", import.meta.url));

/** What a newcomer reads first, in both languages. */
export const readme = { english: "README.md", chinese: "README.zh-CN.md" } as const;

/** The pages and the source files whose examples are run, as paths from the root of the repository. */
export const filesWithExamples: readonly string[] = [
  ...Object.values(readme),
  ...below("docs", ".md"),
  ...below("src"),
];

/** The files below a folder, as paths from the root of the repository. */
export function below(folder: string, ending = ".ts"): string[] {
  if (!existsSync(join(root, folder))) return [];
  const files = readdirSync(join(root, folder), { recursive: true, encoding: "utf8" });
  return files.filter((file) => file.endsWith(ending)).map((file) => join(folder, file));
}

export function read(file: string): string {
  return readFileSync(join(root, file), "utf8");
}

/** The tables of a page: rows of cells, the first row being the headings. */
export function tables(text: string): string[][][] {
  const blocks = text.match(/(?:^\|.*\|$\n?)+/gm) ?? [];
  return blocks.map((block) => {
    const [heading = "", , ...rows] = block.trimEnd().split("\n");
    return [heading, ...rows].map((row) =>
      row
        .slice(1, -1)
        .split("|")
        .map((cell) => cell.trim()),
    );
  });
}

/** The text under a heading, up to the next heading of any level. */
export function section(text: string, heading: string): string {
  const [, after] = text.split(`\n${heading}\n`);
  if (after === undefined) throw new Error(`there is no heading "${heading}"`);
  return after.split(/^#+ /m)[0] ?? "";
}

/** What stands in backticks. */
export function codeIn(text: string): string[] {
  return [...text.matchAll(/`([^`]+)`/g)].map(([, code = ""]) => code);
}

/** Numbers with a blank between each three digits, as the pages have them: `16 384`. */
export function grouped(words: string): string {
  return words.replace(/\d{4,}/g, (digits) => digits.replace(/(?<=\d)(?=(?:\d{3})+$)/g, " "));
}
