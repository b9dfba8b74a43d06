// Imported, since the global `Buffer` is a getter that costs as much as finding a LF.
import { Buffer } from "node:buffer";

const NOTHING = Buffer.alloc(0);
/** Bytes of a chunk that are first copied behind the beginning of a frame; each further copy doubles the contiguous bytes. */
const BRIDGE_BYTES = 64;

/**
 * The bytes of a stream that are in no frame yet, as one contiguous piece of memory. Normally it is the last chunk itself. When
 * a frame began before the chunk, its beginning is in the buffer's own memory, and the part of the chunk that the frame needs
 * is copied after it; after that frame the buffer reads from the chunk itself again.
 */
export class FrameBuffer {
  /** The contiguous bytes; the unread part begins at `start`. */
  bytes: Buffer = NOTHING;
  start = 0;
  /** Bytes of the stream before `start`. */
  offset = 0;
  /** The buffer's own memory; `bytes` is its beginning. A byte in it is written once, and never again. */
  #memory: Buffer | undefined;
  /** The lent chunk that follows the own memory, or nothing. Without own memory `bytes` is the chunk. */
  #chunk: Buffer = NOTHING;
  /** Where the copy of the chunk begins in the own memory, and how many bytes of the chunk it has. */
  #copyStart = 0;
  #copied = 0;

  /** Unread contiguous bytes. */
  get available(): number {
    return this.bytes.length - this.start;
  }

  /** All unread bytes: those, and the bytes of the chunk that are not copied yet. */
  get unread(): number {
    return this.available + (this.#memory === undefined ? 0 : this.#chunk.length - this.#copied);
  }

  /** Adds a chunk. It is lent until `keep`. */
  push(chunk: Uint8Array): void {
    if (chunk.length === 0) return;
    const bytes = chunk instanceof Buffer ? chunk : Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length);
    if (this.unread > 0) {
      this.keep();
      this.#chunk = bytes;
    } else {
      this.bytes = bytes;
      this.start = 0;
    }
  }

  /** Makes more of the chunk contiguous: up to `wanted` bytes, or twice as many as now. Returns false when there is no more. */
  extend(wanted: number | undefined): boolean {
    if (this.#memory === undefined || this.#copied === this.#chunk.length) return false;
    this.#copy(wanted === undefined ? Math.max(this.available, BRIDGE_BYTES) : wanted - this.available, wanted);
    return true;
  }

  /** Removes the next bytes, after their frame was cut out. */
  consume(count: number): void {
    this.offset += count;
    this.start += count;
    if (this.#memory === undefined || this.start < this.#copyStart) return;
    // The rest of the copy is also in the chunk.
    this.start -= this.#copyStart;
    this.bytes = this.#chunk;
    this.#chunk = NOTHING;
    this.#memory = undefined;
  }

  /** Copies all bytes that are still lent. Memory for a frame of known length is allocated as its bytes come, not at once. */
  keep(wanted?: number): void {
    if (this.unread === 0) {
      this.bytes = NOTHING;
      this.start = 0;
      return;
    }
    if (this.#memory === undefined) {
      this.#copyStart = 0;
      this.#copied = this.start;
      this.#chunk = this.bytes;
      this.#memory = this.bytes = NOTHING;
      this.start = 0;
    }
    this.#copy(this.#chunk.length, wanted);
    this.#chunk = NOTHING;
    this.#copyStart = this.bytes.length;
    this.#copied = 0;
  }

  /** Removes all unread bytes, and returns a copy of them. */
  takeAll(): Buffer {
    const rest = [this.bytes.subarray(this.start)];
    if (this.#memory !== undefined) rest.push(this.#chunk.subarray(this.#copied));
    this.bytes = NOTHING;
    this.start = 0;
    this.#memory = undefined;
    this.#chunk = NOTHING;
    return Buffer.concat(rest);
  }

  /** A part of `bytes`: memory that the caller owns, or, with `borrow`, a view of lent memory. */
  cut(from: number, to: number, borrow: boolean): Buffer {
    // The own memory is given away when the frame fills most of it.
    const isGivenAway = this.#memory !== undefined && 2 * (to - from) >= this.#memory.length;
    if (borrow || isGivenAway) return this.bytes.subarray(from, to);
    const own = Buffer.allocUnsafe(to - from);
    this.bytes.copy(own, 0, from, to);
    return own;
  }

  /** Copies up to `count` more bytes of the chunk to the end of the own memory. */
  #copy(count: number, wanted: number | undefined): void {
    const copyEnd = Math.min(this.#chunk.length, this.#copied + count);
    const end = this.bytes.length + copyEnd - this.#copied;
    const memory = this.#memoryFor(end, wanted);
    this.#chunk.copy(memory, this.bytes.length, this.#copied, copyEnd);
    this.bytes = memory.subarray(0, this.bytes.length + copyEnd - this.#copied);
    this.#copied = copyEnd;
  }

  /** The own memory, grown so that `bytes` can end at `end`. It at least doubles, so that no byte is copied often. */
  #memoryFor(end: number, wanted = Number.POSITIVE_INFINITY): Buffer {
    const { length } = this.#memory ?? NOTHING;
    if (this.#memory !== undefined && end <= length) return this.#memory;
    const needed = end - this.start;
    const grown = wanted < needed ? 2 * needed : Math.min(wanted, 2 * needed);
    const memory = Buffer.allocUnsafe(length === 0 ? needed : grown);
    this.bytes.copy(memory, 0, this.start);
    this.#copyStart -= this.start;
    this.bytes = memory.subarray(0, this.available);
    this.start = 0;
    this.#memory = memory;
    return memory;
  }
}
