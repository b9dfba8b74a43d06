import type { Units } from "./pieces.ts";

/**
 * The line end of a text file, as in Python's `open`. With null, `\n`, `\r` and `\r\n` end a line, and each is read as `\n`; with
 * `""` the same end a line and stay unchanged; any other value is the only line end.
 */
export type Newline = null | "" | "\n" | "\r" | "\r\n";

/** Returns whether both `\r` and `\n` end a line, so that the character after a `\r` must be known. */
export function isUniversal(newline: Newline): boolean {
  return newline === null || newline === "";
}

/** Counts the characters of a text: code points, as in Python. A piece never has half of a surrogate pair. */
export function characters(text: string): number {
  let count = text.length;
  for (let at = 0; at < text.length; at++) if (isHigh(text, at)) count--;
  return count;
}

/** Returns the units of a text file. With `newline` null, its line ends have been converted to `\n` before. */
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

/** Returns whether the code unit at `at` is the first half of a surrogate pair. */
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

/** A piece never ends with `\r`: {@link TextInput} keeps it until the next character is known. */
function anyLineEnd(piece: string, from: number): number {
  const ends = /\r\n|\n|\r/g;
  ends.lastIndex = from;
  return ends.test(piece) ? ends.lastIndex : -1;
}

/** A piece may end between the `\r` and the `\n`. */
function pairedLineEnd(piece: string, from: number, before: string | undefined): number {
  if (from === 0 && piece.startsWith("\n") && before?.endsWith("\r") === true) return 1;
  const at = piece.indexOf("\r\n", from);
  return at < 0 ? -1 : at + 2;
}
