// Imported, since the global is a getter: it costs as much as finding a LF.
import { Buffer } from "node:buffer";

const NOTHING = Buffer.alloc(0);
/** How much of a chunk is copied behind the beginning of a frame at first; then twice as much, and so on. */
const BRIDGE_BYTES = 64;

/**
 * What came of a stream and is in no frame yet, as one piece of memory that can be looked at: the chunk that came last, as
 * long as a frame does not begin before it. Where one does, its beginning lies in memory of our own, and as much of the
 * chunk is copied behind it as the frame turns out to need; after the frame the chunk itself is looked at again.
 */
export class FrameBuffer {
  /** What can be looked at, from `start` to its end. */
  bytes: Buffer = NOTHING;
  start = 0;
  /** Bytes of the stream before `start`. */
  offset = 0;
  /** Memory of our own, which `bytes` is the beginning of. A byte in it is written once, and never again. */
  #memory: Buffer | undefined;
  /** Behind that memory: the chunk, lent, or nothing. Without such memory `bytes` itself is the chunk. */
  #chunk: Buffer = NOTHING;
  /** Where in that memory the copy of the chunk begins, and how much of the chunk it has. */
  #seam = 0;
  #copied = 0;

  /** Bytes that can be looked at. */
  get available(): number {
    return this.bytes.length - this.start;
  }

  /** Those, and the ones of the chunk that are still to be copied. */
  get unread(): number {
    return this.available + (this.#memory === undefined ? 0 : this.#chunk.length - this.#copied);
  }

  /** The chunk is lent until `keep`. */
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

  /** Lets more of the chunk be looked at: so that `wanted` bytes are there, or twice as many as now. False: no more came. */
  more(wanted: number | undefined): boolean {
    if (this.#memory === undefined || this.#copied === this.#chunk.length) return false;
    this.#copy(wanted === undefined ? Math.max(this.available, BRIDGE_BYTES) : wanted - this.available, wanted);
    return true;
  }

  /** The next bytes belong to a frame, which has been cut out. */
  consume(count: number): void {
    this.offset += count;
    this.start += count;
    if (this.#memory === undefined || this.start < this.#seam) return;
    // What is left of the copy is also in the chunk.
    this.start -= this.#seam;
    this.bytes = this.#chunk;
    this.#chunk = NOTHING;
    this.#memory = undefined;
  }

  /** Copies what is still lent. Memory for a frame of known length is not taken at once, but as its bytes come. */
  keep(wanted?: number): void {
    if (this.unread === 0) {
      this.bytes = NOTHING;
      this.start = 0;
      return;
    }
    if (this.#memory === undefined) {
      this.#seam = 0;
      this.#copied = this.start;
      this.#chunk = this.bytes;
      this.#memory = this.bytes = NOTHING;
      this.start = 0;
    }
    this.#copy(this.#chunk.length, wanted);
    this.#chunk = NOTHING;
    this.#seam = this.bytes.length;
    this.#copied = 0;
  }

  /** A copy of all that is in no frame, which is not here any more. */
  takeAll(): Buffer {
    const rest = [this.bytes.subarray(this.start)];
    if (this.#memory !== undefined) rest.push(this.#chunk.subarray(this.#copied));
    this.bytes = NOTHING;
    this.start = 0;
    this.#memory = undefined;
    this.#chunk = NOTHING;
    return Buffer.concat(rest);
  }

  /** A part of `bytes`: the caller's own, or a view of memory that is lent. */
  cut(from: number, to: number, borrow: boolean): Buffer {
    // Our own memory is given away where the frame fills most of it.
    const isAway = this.#memory !== undefined && 2 * (to - from) >= this.#memory.length;
    if (borrow || isAway) return this.bytes.subarray(from, to);
    const own = Buffer.allocUnsafe(to - from);
    this.bytes.copy(own, 0, from, to);
    return own;
  }

  /** Copies up to `count` further bytes of the chunk behind what is in memory. */
  #copy(count: number, wanted: number | undefined): void {
    const till = Math.min(this.#chunk.length, this.#copied + count);
    const end = this.bytes.length + till - this.#copied;
    const memory = this.#room(end, wanted);
    this.#chunk.copy(memory, this.bytes.length, this.#copied, till);
    this.bytes = memory.subarray(0, this.bytes.length + till - this.#copied);
    this.#copied = till;
  }

  /** Memory in which `bytes` can end at `end`. When it grows it at least doubles, so that no byte is copied often. */
  #room(end: number, wanted = Number.POSITIVE_INFINITY): Buffer {
    const { length } = this.#memory ?? NOTHING;
    if (this.#memory !== undefined && end <= length) return this.#memory;
    const needed = end - this.start;
    const grown = wanted < needed ? 2 * needed : Math.min(wanted, 2 * needed);
    const memory = Buffer.allocUnsafe(length === 0 ? needed : grown);
    this.bytes.copy(memory, 0, this.start);
    this.#seam -= this.start;
    this.bytes = memory.subarray(0, this.available);
    this.start = 0;
    this.#memory = memory;
    return memory;
  }
}
