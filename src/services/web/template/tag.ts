import { MAX_TAG_LENGTH } from "./template-limits.ts";

/** The segments of `a.b.c`; the first may be `this` or `@index`. */
export type Path = readonly [string, ...string[]];

export type BlockKind = "if" | "each";

/** The content between `{{` and `}}`. */
export type Tag =
  | { readonly kind: "value"; readonly path: Path }
  | { readonly kind: "begin"; readonly block: BlockKind; readonly path: Path }
  | { readonly kind: "else" }
  | { readonly kind: "end"; readonly block: BlockKind }
  | { readonly kind: "include"; readonly target: string };

/** A tag, a text, or the error of a malformed tag; each with its line in the file, from 1. */
export type Piece =
  | { readonly kind: "text"; readonly text: string; readonly line: number }
  | { readonly kind: "tag"; readonly tag: Tag; readonly line: number }
  | { readonly kind: "wrong"; readonly reason: string; readonly line: number };

const NAME = /^(?:@index|[A-Za-z_][\w-]*(?:\.(?:[A-Za-z_][\w-]*|\d+))*)$/;
const OPENING = "{{";
/** First Handlebars' form of a comment that may contain tags. */
const COMMENT = /\{\{!(?:--.*?--\}\}|(?!--).*?\}\})/sy;

/** Cuts a source into its pieces. Comments are dropped, and `{{"{{"}}` is text. */
export function* piecesOf(source: string): Generator<Piece> {
  let line = 1;
  let at = 0;
  while (at < source.length) {
    const opening = source.indexOf(OPENING, at);
    const text = source.slice(at, opening < 0 ? source.length : opening);
    if (text !== "") yield { kind: "text", text, line };
    line += linesIn(text);
    if (opening < 0) return;
    const whole = wholeTag(source, opening);
    if (whole === undefined) {
      yield { kind: "wrong", reason: unclosed(source, opening), line };
      return;
    }
    at = opening + whole.length;
    if (!whole.startsWith("{{!")) yield { ...pieceOf(whole.slice(2, -2).trim()), line };
    line += linesIn(whole);
  }
}

function wholeTag(source: string, opening: number): string | undefined {
  if (source.startsWith("{{!", opening)) {
    COMMENT.lastIndex = opening;
    return COMMENT.exec(source)?.[0];
  }
  const closing = source.indexOf("}}", opening);
  const isTag = closing >= 0 && closing - opening <= MAX_TAG_LENGTH && source[opening + 2] !== "{";
  return isTag ? source.slice(opening, closing + 2) : undefined;
}

function unclosed(source: string, opening: number): string {
  if (source.startsWith("{{!", opening)) return "the comment has no end";
  return source[opening + 2] === "{"
    ? 'a tag has two braces, and every value is escaped; for braces as text write {{"{{"}}'
    : `the tag has no }} within ${MAX_TAG_LENGTH} letters; for braces as text write {{"{{"}}`;
}

type Content =
  | { readonly kind: "tag"; readonly tag: Tag }
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "wrong"; readonly reason: string };

function pieceOf(content: string): Content {
  if (content === '"{{"') return { kind: "text", text: OPENING };
  if (content === "else") return { kind: "tag", tag: { kind: "else" } };
  const [, sign = "", word = "", rest = ""] = /^([#/>]?)\s*(\S*)\s*(.*)$/s.exec(content) ?? [];
  if (sign === ">" && word !== "") {
    return { kind: "tag", tag: { kind: "include", target: rest === "" ? word : `${word} ${rest}` } };
  }
  if (sign === "/" && isBlock(word) && rest === "") return { kind: "tag", tag: { kind: "end", block: word } };
  const name = sign === "#" ? rest : content;
  if (sign === "#" && !isBlock(word)) return wrong(`there is no block {{#${word}}}: there are #if and #each`);
  if (!NAME.test(name)) return wrong(`{{${content}}} is no tag`);
  const [first = "", ...further] = name.split(".");
  const path: Path = [first, ...further];
  return {
    kind: "tag",
    tag: sign === "#" && isBlock(word) ? { kind: "begin", block: word, path } : { kind: "value", path },
  };
}

function isBlock(word: string): word is BlockKind {
  return word === "if" || word === "each";
}

function wrong(reason: string): Content {
  return { kind: "wrong", reason };
}

export function linesIn(text: string): number {
  return text.split("\n").length - 1;
}
