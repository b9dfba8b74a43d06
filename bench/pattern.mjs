// @ts-check
import { open } from "node:fs/promises";

/** A prime, see pattern.h. */
const PERIOD_BYTES = 251;
const PIECE_BYTES = PERIOD_BYTES * 4096;
const piece = Buffer.from(Uint8Array.from({ length: PIECE_BYTES + PERIOD_BYTES }, (_, place) => place % PERIOD_BYTES));

/**
 * Writes a file whose byte `i` is `(first + i) % 251`.
 * @param {string} path
 * @param {number} bytes
 * @param {number} [first]
 */
export async function writePattern(path, bytes, first = 0) {
  const file = await open(path, "w");
  try {
    for (let at = 0; at < bytes; at += PIECE_BYTES) {
      const from = (first + at) % PERIOD_BYTES;
      await file.writeFile(piece.subarray(from, from + Math.min(PIECE_BYTES, bytes - at)));
    }
  } finally {
    await file.close();
  }
}

/**
 * Whether these bytes stand at this place.
 * @param {Buffer} bytes
 * @param {number} place
 */
export function hasPattern(bytes, place) {
  for (let at = 0; at < bytes.length; at += PIECE_BYTES) {
    const [from, length] = [(place + at) % PERIOD_BYTES, Math.min(PIECE_BYTES, bytes.length - at)];
    if (piece.compare(bytes, at, at + length, from, from + length) !== 0) return false;
  }
  return true;
}
