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

/** Whether a block is TypeScript or JavaScript, under any name of these languages. */
export function isScript({ language }: CodeBlock): boolean {
  return /^(?:[cm]?[jt]sx?|typescript|javascript|node)(?!\w)/.test(language);
}

export function isPython({ language }: CodeBlock): boolean {
  return /^(?:py|python)\d*(?!\w)/.test(language);
}

/** The blocks of a page (`.md`), or of the docstrings of a source file (`.ts`). */
export function codeBlocks(file: string): CodeBlock[] {
  return blocksOfText(file, readFileSync(fileURLToPath(new URL(`../../${file}`, import.meta.url)), "utf8"));
}

export function blocksOfText(file: string, text: string): CodeBlock[] {
  const lines = text.replaceAll("\r\n", "\n");
  return file.endsWith(".ts") ? blocksOfDocstrings(file, lines) : blocksOfPage(file, lines.split("\n"));
}

/** A line that begins a block, perhaps in a quotation or an item of a list. The text behind backticks has none. */
const FENCE = /^((?:[ \t]|>|[-*+][ \t]|\d+[.)][ \t])*)(?:(`{3,})([^`]*)|(~{3,})(.*))$/;

interface OpenBlock {
  readonly container: string;
  readonly fence: string;
  readonly language: string;
  readonly from: number;
}

function blocksOfPage(file: string, lines: readonly string[], firstLine = 1, owner?: string): CodeBlock[] {
  const blocks: CodeBlock[] = [];
  let open: OpenBlock | undefined;
  lines.forEach((line, index) => {
    if (open === undefined) {
      open = openedBy(line, index);
      return;
    }
    const { container, language, from } = open;
    if (!endsBlock(open, line)) return;
    const code = lines.slice(from, index).map((inside) => withoutContainer(inside, container));
    blocks.push({ file, line: firstLine + from, language, code: code.join("\n"), owner });
    open = undefined;
  });
  if (open !== undefined) throw new Error(`${file}:${firstLine + open.from} has a block of code that does not end`);
  return blocks;
}

function openedBy(line: string, index: number): OpenBlock | undefined {
  const [, container, ticks, ofTicks, tildes, ofTildes] = FENCE.exec(line) ?? [];
  const fence = ticks ?? tildes;
  if (container === undefined || fence === undefined) return undefined;
  return { container, fence, language: (ofTicks ?? ofTildes ?? "").trim().toLowerCase(), from: index + 1 };
}

/** A block ends at a fence that is at least as long, and where its quotation ends. */
function endsBlock({ container, fence }: OpenBlock, line: string): boolean {
  if (container.includes(">") && !/^[ \t]*>/.test(line)) return true;
  const rest = line.replace(container.includes(">") ? /^[ \t>]*/ : /^[ \t]*/, "").trimEnd();
  return rest.length >= fence.length && rest === fence.charAt(0).repeat(rest.length);
}

/** The line without the marks of its quotation and without the indentation of its fence, as far as it has them. */
function withoutContainer(line: string, container: string): string {
  let rest = line;
  for (const mark of container) {
    if (mark === ">") rest = rest.replace(/^[ \t]*>/, "");
    else rest = rest.replace(/^[ \t]/, "");
  }
  return rest;
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
