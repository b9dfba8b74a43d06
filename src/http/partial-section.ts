import { Buffer } from "node:buffer";

const NOTHING = Buffer.alloc(0);
/** Bytes of a chunk that the first step copies behind a partial section. Each further step copies as many bytes as the section has. */
const STEP_BYTES = 512;

/** The beginning of a section that was cut between two chunks, copied to memory that grows with the section. */
export class PartialSection {
  bytes: Buffer = NOTHING;
  /** The number of filled bytes of `bytes`. */
  length = 0;

  /** Appends a copy of all bytes. */
  keep(chunk: Uint8Array, from: number, to: number): void {
    const needed = this.length + to - from;
    if (needed > this.bytes.length) {
      // The memory doubles: no byte is copied often, and a section that comes byte by byte does not allocate for each byte.
      const grown = Buffer.allocUnsafeSlow(Math.max(needed, 2 * this.length, STEP_BYTES));
      this.bytes.copy(grown, 0, 0, this.length);
      this.bytes = grown;
    }
    this.bytes.set(chunk.subarray(from, to), this.length);
    this.length = needed;
  }

  /** Appends a copy of as many bytes as are worth copying before the scan; returns how many. */
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

/** Decodes bytes as latin1: one character for each byte. */
export function latin1(bytes: Uint8Array, from: number, to: number): string {
  const buffer = bytes instanceof Buffer ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  return buffer.toString("latin1", from, to);
}
