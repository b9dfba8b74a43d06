import { Buffer } from "node:buffer";
import { viewOf } from "../socket/values.ts";
import type { Decoder } from "./codec.ts";
import { FrameBuffer } from "./frame-buffer.ts";
import { FrameError } from "./frame-error.ts";
import { StickyDecoder } from "./sticky-decoder.ts";

/**
 * Pushed bytes that `next` has not decoded yet. Above it `push` throws, since a reader that is slower than the peer would fill the
 * memory.
 */
export const MAX_UNREAD_BYTES = 1024 * 1024;

/** The state of a frame that is being skipped. */
interface Skip {
  /** The length that {@link FrameDecoder.measure} returned for it. */
  readonly length: number | undefined;
  /** Bytes of it dropped so far. */
  dropped: number;
  /** Bytes still to drop, when that is known. */
  left: number | undefined;
}

/**
 * The base of all decoders that read bytes. A subclass measures the frame that begins at `start` as soon as possible, and then
 * makes the frame from its bytes. It looks only at the bytes of that frame, so that the cuts of the stream do not matter.
 */
export abstract class FrameDecoder<T> extends StickyDecoder implements Decoder<T> {
  protected readonly codec: string;
  readonly #borrow: boolean;
  readonly #buffer = new FrameBuffer();
  /** The length of the frame at the front, with its header and delimiter. */
  #length: number | undefined;
  #offset = 0;
  #isDrained = true;
  #isEnded = false;
  /** Set while the frame that failed is being skipped. */
  #skip: Skip | undefined;

  constructor(codec: string, borrow = false) {
    super();
    this.codec = codec;
    this.#borrow = borrow;
  }

  get ownsFrames(): boolean {
    return !this.#borrow;
  }

  /** The whole length of the frame that begins at `start`; undefined while it is not known. `bytes` is not empty there. */
  protected abstract measure(bytes: Buffer, start: number): number | undefined;

  /** Makes the frame from its bytes; undefined leaves it out. */
  protected abstract open(bytes: Buffer, start: number, length: number): T | undefined;

  /** The delimiter at the end of each frame, with which the decoder finds the end of a skipped frame; undefined without one. */
  protected get delimiter(): Buffer | undefined {
    return undefined;
  }

  /** Whether the end of input also ends a frame. */
  protected get allowsUnterminated(): boolean {
    return false;
  }

  /**
   * For frames without a delimiter: the whole length of the frame to skip, whatever the limit; undefined while it is not known.
   *
   * @param length - the result of {@link measure} for it.
   */
  protected lengthToSkip(_bytes: Buffer, _start: number, length: number | undefined): number | undefined {
    if (length === undefined) throw this.unskippableError();
    return length;
  }

  get bufferedBytes(): number {
    return this.#buffer.unread;
  }

  get offset(): number {
    return this.#offset;
  }

  get frameBytes(): number {
    return this.#buffer.offset - this.#offset;
  }

  push(bytes: NodeJS.ArrayBufferView): void {
    if (this.#skip === undefined) this.checkFailure();
    if (this.#isEnded) throw this.frameError("ERR_SOCKWRIGHT_DECODER_ENDED");
    if (!this.#isDrained && this.#buffer.unread > MAX_UNREAD_BYTES) throw this.frameError("ERR_SOCKWRIGHT_UNREAD");
    this.#buffer.push(bytes instanceof Buffer && bytes.length > 0 ? bytes : viewOf("bytes", bytes));
    // The beginning of the frame was measured already: measure again only with more of it.
    if (this.#isDrained) this.#buffer.extend(this.#length);
    this.#isDrained = false;
  }

  next(): T | undefined {
    if (this.#skip === undefined) this.checkFailure();
    else if (this.skip() === undefined) return undefined;
    if (this.#isDrained && !this.#isEnded) return undefined;
    try {
      return this.#next();
    } catch (error) {
      this.fail(error);
    }
  }

  end(): void {
    this.#isEnded = true;
  }

  keep(): void {
    this.#buffer.keep(this.#length);
  }

  rest(): Buffer {
    this.#reset();
    this.#isDrained = true;
    return this.#buffer.takeAll();
  }

  skip(): number | undefined {
    if (this.failure === undefined) return 0;
    this.#skip ??= { length: this.#length, dropped: 0, left: undefined };
    this.#length = undefined;
    const skip = this.#skip;
    try {
      if (!this.#drop(skip)) {
        if (!this.#isEnded) {
          this.#drain();
          return undefined;
        }
        this.#consume(skip, this.#buffer.available);
        if (!this.allowsUnterminated) throw this.#unexpectedEndError(skip.dropped);
      }
    } catch (error) {
      this.#skip = undefined;
      this.#length = skip.length;
      throw error;
    }
    this.#reset();
    this.#isDrained = false;
    if (this.#buffer.unread === 0) this.#drain();
    return skip.dropped;
  }

  /** Called when another frame comes to the front: drops what the subclass has found out about the last one. */
  protected resetSearch(): void {
    // Most decoders remember nothing between two measurements.
  }

  /** Makes a frame from the bytes left at the end of input; throws unless a subclass allows it. */
  protected openLast(_bytes: Buffer, _start: number, length: number): T | undefined {
    throw this.#unexpectedEndError(length);
  }

  /** A part of the bytes: a copy or a view, as the option `borrow` says. */
  protected cut(from: number, to: number): Buffer {
    return this.#buffer.cut(from, to, this.#borrow);
  }

  /** An error about the frame at the front. */
  protected frameError(code: FrameError["code"], reason?: string, cause?: unknown): FrameError {
    const offset = this.#buffer.offset - (this.#skip?.dropped ?? 0);
    return new FrameError(code, { codec: this.codec, offset, cause }, reason);
  }

  protected malformedError(reason: string, cause?: unknown): FrameError {
    return this.frameError("ERR_SOCKWRIGHT_FRAME_MALFORMED", reason, cause);
  }

  /** @param bytes - the length of the frame, when it is known. */
  protected tooLargeError(maxFrameBytes: number, bytes?: number | bigint): FrameError {
    const size = bytes === undefined ? "" : `${bytes} bytes, `;
    return this.frameError("ERR_SOCKWRIGHT_FRAME_TOO_LARGE", `the frame has ${size}more than ${maxFrameBytes}`);
  }

  /** The error when the end of the failed frame is unknown. */
  protected unskippableError(): FrameError {
    return this.frameError("ERR_SOCKWRIGHT_FRAME_UNSKIPPABLE", undefined, this.failure);
  }

  /** Drops the received bytes of a frame; returns whether its end was among them. */
  #drop(skip: Skip): boolean {
    const buffer = this.#buffer;
    for (;;) {
      const { dropped } = skip;
      if (skip.left === undefined && buffer.available > 0) skip.left = this.#find(skip);
      if (skip.left !== undefined) {
        const count = Math.min(skip.left, buffer.available);
        this.#consume(skip, count);
        skip.left -= count;
        if (skip.left === 0) return true;
      }
      if (skip.dropped === dropped && !buffer.extend(undefined)) return false;
    }
  }

  /** The number of bytes up to the end of a frame, received or not; undefined while it is not known. */
  #find(skip: Skip): number | undefined {
    const { delimiter } = this;
    const { bytes, start, available } = this.#buffer;
    if (delimiter === undefined) return this.lengthToSkip(bytes, start, skip.length);
    const at = bytes.indexOf(delimiter, start);
    if (at >= 0) return at - start + delimiter.length;
    // The last bytes may be the beginning of the delimiter.
    this.#consume(skip, Math.max(0, available - delimiter.length + 1));
    return undefined;
  }

  #consume(skip: Skip, count: number): void {
    this.#buffer.consume(count);
    skip.dropped += count;
  }

  /** The error when the input ends within a frame. The decoder keeps it: no more input can end the frame. */
  #unexpectedEndError(bytes: number): FrameError {
    const error = this.frameError("ERR_SOCKWRIGHT_UNEXPECTED_END", `the input ended ${bytes} bytes into the frame`);
    this.failure = error;
    return error;
  }

  /** Resets the decoder: the next byte begins a frame. */
  #reset(): void {
    this.failure = undefined;
    this.#skip = undefined;
    this.#length = undefined;
    this.resetSearch();
  }

  #next(): T | undefined {
    const buffer = this.#buffer;
    while (!this.#isDrained) {
      if (this.#length === undefined && buffer.available > 0) {
        this.#length = this.measure(buffer.bytes, buffer.start);
      }
      if (this.#length !== undefined && this.#length <= buffer.available) {
        const frame = this.open(buffer.bytes, buffer.start, this.#length);
        this.#offset = buffer.offset;
        buffer.consume(this.#length);
        this.#length = undefined;
        if (buffer.unread === 0) this.#drain();
        if (frame !== undefined) return frame;
      } else if (!buffer.extend(this.#length)) {
        this.#drain();
      }
    }
    return this.#isEnded ? this.#openLast() : undefined;
  }

  /** Copies the rest of the input after all of it was decoded or measured: from then on nothing is lent. */
  #drain(): void {
    this.#buffer.keep(this.#length);
    this.#isDrained = true;
  }

  #openLast(): T | undefined {
    const buffer = this.#buffer;
    const length = buffer.available;
    if (length === 0) return undefined;
    const frame = this.openLast(buffer.bytes, buffer.start, length);
    this.#offset = buffer.offset;
    buffer.consume(length);
    return frame;
  }
}
