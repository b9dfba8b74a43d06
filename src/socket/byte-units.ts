import type { Units } from "./pieces.ts";

const NEWLINE = 0x0a;

/** The units of a binary file: bytes, where a line ends after `\n`. */
export const BYTE_UNITS: Units<Buffer> = {
  empty: Buffer.alloc(0),
  join: (pieces) => Buffer.concat(pieces),
  slice: (piece, from, to) => piece.subarray(from, to),
  countOf: ({ length }) => length,
  unitsOf: ({ length }, count) => Math.min(length, count),
  bytesOf: ({ length }) => length,
  lineEnd: (piece, from) => piece.indexOf(NEWLINE, from) + 1 || -1,
};
