import type { Units } from "./pieces.ts";

/**
 * What ends a line of text, as in Python's `open`: null takes `\n`, `\r` and `\r\n` and gives `\n` for each; `""` takes the same
 * and changes nothing; the others are what they say.
 */
export type Newline = null | "" | "\n" | "\r" | "\r\n";

/** Whether both `\r` and `\n` end a line, so that what stands behind a `\r` has to be known. */
export function isUniversal(newline: Newline): boolean {
  return newline === null || newline === "";
}

/** How many characters a text has: code points, as Python counts. A piece has no half of one. */
export function characters(text: string): number {
  let count = text.length;
  for (let at = 0; at < text.length; at++) if (isHigh(text, at)) count--;
  return count;
}

/** Text as a file reads it. Of null the line ends are `\n` when it comes here. */
export function textUnits(newline: Newline): Units<string> {
  return {
    empty: "",
    join: (pieces) => pieces.join(""),
    slice: (piece, from, to) => piece.slice(from, to),
    countOf: characters,
    unitsOf,
    bytesOf: (piece) => Buffer.byteLength(piece),
    lineEnd: lineEndOf(newline),
  };
}

function unitsOf(text: string, count: number): number {
  let at = 0;
  for (let left = count; left > 0 && at < text.length; left--) at += isHigh(text, at) ? 2 : 1;
  return at;
}

/** The first half of a character that has two. */
function isHigh(text: string, at: number): boolean {
  const unit = text.charCodeAt(at);
  if (unit < 0xd800 || unit > 0xdbff) return false;
  const next = text.charCodeAt(at + 1);
  return next >= 0xdc00 && next <= 0xdfff;
}

function lineEndOf(newline: Newline): Units<string>["lineEnd"] {
  if (newline === "") return anyLineEnd;
  if (newline === "\r\n") return pairedLineEnd;
  const end = newline ?? "\n";
  return (piece, from) => piece.indexOf(end, from) + 1 || -1;
}

/** No `\r` is the last of a piece: whoever decodes keeps it until it knows what is behind it. */
function anyLineEnd(piece: string, from: number): number {
  const ends = /\r\n|\n|\r/g;
  ends.lastIndex = from;
  return ends.test(piece) ? ends.lastIndex : -1;
}

/** Of these two a piece may end between. */
function pairedLineEnd(piece: string, from: number, before: string | undefined): number {
  if (from === 0 && piece.startsWith("\n") && before?.endsWith("\r") === true) return 1;
  const at = piece.indexOf("\r\n", from);
  return at < 0 ? -1 : at + 2;
}
