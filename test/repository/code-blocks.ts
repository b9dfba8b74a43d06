// The fenced blocks of code in pages and in docstrings.
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

export interface CodeBlock {
  /** From the root of the repository. */
  readonly file: string;
  /** Of the first line of code. */
  readonly line: number;
  readonly language: string;
  readonly code: string;
  /** For a docstring, what it describes. */
  readonly owner: string | undefined;
}

/** Where a block stands, for the name of a test. */
export function place({ file, line, owner }: CodeBlock): string {
  return owner === undefined ? `${file}:${line}` : `${file}:${line} ${owner}`;
}

/** The blocks of a page (`.md`), or of the docstrings of a source file (`.ts`). */
export function codeBlocks(file: string): CodeBlock[] {
  const text = readFileSync(fileURLToPath(new URL(`../../${file}`, import.meta.url)), "utf8");
  return file.endsWith(".ts") ? blocksOfDocstrings(file, text) : blocksOfPage(file, text.split("\n"));
}

function blocksOfPage(file: string, lines: readonly string[], firstLine = 1, owner?: string): CodeBlock[] {
  const blocks: CodeBlock[] = [];
  let open: { readonly fence: string; readonly language: string; readonly from: number } | undefined;
  lines.forEach((line, index) => {
    if (open !== undefined) {
      if (line !== open.fence) return;
      const code = lines.slice(open.from, index).join("\n");
      blocks.push({ file, line: firstLine + open.from, language: open.language, code, owner });
      open = undefined;
      return;
    }
    const [, fence, language] = /^(`{3,})(.*)$/.exec(line) ?? [];
    if (fence !== undefined && language !== undefined) open = { fence, language, from: index + 1 };
  });
  if (open !== undefined) throw new Error(`${file}:${firstLine + open.from} has a block of code that does not end`);
  return blocks;
}

function blocksOfDocstrings(file: string, text: string): CodeBlock[] {
  const docstrings = text.matchAll(/^[ \t]*\/\*\*.*?\*\/\n([^\n]*)/gms);
  return [...docstrings].flatMap(({ 0: docstring, 1: declaration = "", index }) => {
    const firstLine = text.slice(0, index).split("\n").length;
    const lines = docstring.split("\n").map((line) => line.replace(/^[ \t]*\* ?/, ""));
    return blocksOfPage(file, lines, firstLine, nameIn(declaration));
  });
}

function nameIn(declaration: string): string {
  const keywords = /^(?:(?:export|async|class|function|const|interface|type|get)\s+|\*)*/;
  const rest = declaration.trim().replace(keywords, "");
  return /^[\w[\].]+/.exec(rest)?.[0] ?? rest;
}
