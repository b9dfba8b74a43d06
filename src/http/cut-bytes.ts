import { Buffer } from "node:buffer";

const NOTHING = Buffer.alloc(0);
/** How much of a chunk is copied behind the beginning of a section at first; then as much as there is, and so on. */
const STEP_BYTES = 512;

/** The beginning of a section that was cut: memory of our own, which grows as the section does. */
export class CutBytes {
  bytes: Buffer = NOTHING;
  /** So much of `bytes` is filled. */
  length = 0;

  /** Copies all of them behind what is there. */
  keep(chunk: Uint8Array, from: number, to: number): void {
    const needed = this.length + to - from;
    if (needed > this.bytes.length) {
      // Twice as much as is there: no byte is copied often, and a section that comes byte by byte takes no memory for each.
      const grown = Buffer.allocUnsafeSlow(Math.max(needed, 2 * this.length, STEP_BYTES));
      this.bytes.copy(grown, 0, 0, this.length);
      this.bytes = grown;
    }
    this.bytes.set(chunk.subarray(from, to), this.length);
    this.length = needed;
  }

  /** Copies as many bytes as it is wise to copy before they were looked at, and says how many. */
  append(chunk: Uint8Array, from: number, to: number): number {
    const count = Math.min(to - from, Math.max(STEP_BYTES, this.length));
    this.keep(chunk, from, from + count);
    return count;
  }

  clear(): void {
    this.bytes = NOTHING;
    this.length = 0;
  }
}

/** Bytes as text, one letter each. */
export function latin1(bytes: Uint8Array, from: number, to: number): string {
  const buffer = bytes instanceof Buffer ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  return buffer.toString("latin1", from, to);
}
