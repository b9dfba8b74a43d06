import { Buffer } from "node:buffer";
import { viewOf } from "../socket/values.ts";
import type { Decoder } from "./codec.ts";
import { FrameBuffer } from "./frame-buffer.ts";
import { FrameError } from "./frame-error.ts";

/**
 * Bytes pushed to a decoder and not asked for. Above it `push` throws: a reader that is slower than the peer would fill
 * the memory.
 */
export const MAX_UNREAD_BYTES = 1024 * 1024;

/** A frame that is being left out. */
interface Skip {
  /** What {@link FrameDecoder.measure} gave for it. */
  readonly length: number | undefined;
  /** How many bytes of it are dropped. */
  dropped: number;
  /** How many are still to be, where that is known. */
  left: number | undefined;
}

/**
 * What all decoders of bytes have in common. Each says how long the frame is that begins at `start`, as soon as it can be
 * told, and then makes the frame of its bytes; looking only at the bytes of that frame, so that the cuts do not matter.
 */
export abstract class FrameDecoder<T> implements Decoder<T> {
  protected readonly codec: string;
  readonly #borrow: boolean;
  readonly #buffer = new FrameBuffer();
  /** Of the frame at the front, with its header and delimiter. */
  #length: number | undefined;
  #offset = 0;
  #isDrained = true;
  #isEnded = false;
  #error: unknown;
  /** While the frame is left out that the error is about. */
  #skip: Skip | undefined;

  constructor(codec: string, borrow = false) {
    this.codec = codec;
    this.#borrow = borrow;
  }

  get ownsFrames(): boolean {
    return !this.#borrow;
  }

  /** How long the frame is that begins at `start`, all told; undefined when that cannot be said yet. `bytes` has some. */
  protected abstract measure(bytes: Buffer, start: number): number | undefined;

  /** Makes the frame of its bytes; undefined leaves it out. */
  protected abstract open(bytes: Buffer, start: number, length: number): T | undefined;

  /** What a frame ends with, where it ends with something: to skip one. */
  protected get ending(): Buffer | undefined {
    return undefined;
  }

  /** Whether the end of input ends a frame, too. */
  protected get endsWithInput(): boolean {
    return false;
  }

  /**
   * Where a frame ends with nothing: how long the one is that is skipped, all told, whatever the limit; undefined when that
   * cannot be said yet.
   *
   * @param length - what {@link measure} gave for it.
   */
  protected lengthToSkip(_bytes: Buffer, _start: number, length: number | undefined): number | undefined {
    if (length === undefined) throw this.unskippable();
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
    if (this.#error !== undefined && this.#skip === undefined) throw this.#error;
    if (this.#isEnded) throw this.error("ERR_SOCKWRIGHT_DECODER_ENDED");
    if (!this.#isDrained && this.#buffer.unread > MAX_UNREAD_BYTES) throw this.error("ERR_SOCKWRIGHT_UNREAD");
    this.#buffer.push(bytes instanceof Buffer && bytes.length > 0 ? bytes : viewOf("bytes", bytes));
    // The beginning of a frame was measured already: not again before there is more of it.
    if (this.#isDrained) this.#buffer.more(this.#length);
    this.#isDrained = false;
  }

  next(): T | undefined {
    if (this.#error !== undefined) {
      if (this.#skip === undefined) throw this.#error;
      if (this.skip() === undefined) return undefined;
    }
    if (this.#isDrained && !this.#isEnded) return undefined;
    try {
      return this.#next();
    } catch (error) {
      this.#error = error;
      throw error;
    }
  }

  end(): void {
    this.#isEnded = true;
  }

  keep(): void {
    this.#buffer.keep(this.#length);
  }

  rest(): Buffer {
    this.#beginAnew();
    this.#isDrained = true;
    return this.#buffer.takeAll();
  }

  skip(): number | undefined {
    if (this.#error === undefined) return 0;
    this.#skip ??= { length: this.#length, dropped: 0, left: undefined };
    this.#length = undefined;
    const skip = this.#skip;
    try {
      if (!this.#drop(skip)) {
        if (!this.#isEnded) {
          this.#drained();
          return undefined;
        }
        this.#consume(skip, this.#buffer.available);
        if (!this.endsWithInput) throw this.#cutShort(skip.dropped);
      }
    } catch (error) {
      this.#skip = undefined;
      this.#length = skip.length;
      throw error;
    }
    this.#beginAnew();
    this.#isDrained = false;
    if (this.#buffer.unread === 0) this.#drained();
    return skip.dropped;
  }

  /** What was found out about the frame at the front is of no use any more. */
  protected forget(): void {
    // Most decoders remember nothing between two looks.
  }

  /** What is left at the end of input is no frame, but where a decoder says so. */
  protected last(_bytes: Buffer, _start: number, length: number): T | undefined {
    throw this.#cutShort(length);
  }

  /** A part of the bytes, owned as the options say. */
  protected cut(from: number, to: number): Buffer {
    return this.#buffer.cut(from, to, this.#borrow);
  }

  /** An error about the frame at the front. */
  protected error(code: FrameError["code"], reason?: string, cause?: unknown): FrameError {
    const offset = this.#buffer.offset - (this.#skip?.dropped ?? 0);
    return new FrameError(code, { codec: this.codec, offset, cause }, reason);
  }

  protected malformed(reason: string, cause?: unknown): FrameError {
    return this.error("ERR_SOCKWRIGHT_FRAME_MALFORMED", reason, cause);
  }

  /** @param bytes - how many the frame has, where that is known. */
  protected tooLarge(maxFrameBytes: number, bytes?: number | bigint): FrameError {
    const size = bytes === undefined ? "" : `${bytes} bytes, `;
    return this.error("ERR_SOCKWRIGHT_FRAME_TOO_LARGE", `the frame has ${size}more than ${maxFrameBytes}`);
  }

  /** Nothing tells where the frame ends that `next` threw for. */
  protected unskippable(): FrameError {
    return this.error("ERR_SOCKWRIGHT_FRAME_UNSKIPPABLE", undefined, this.#error);
  }

  /** Drops what has come of a frame; whether its end was in it. */
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
      if (skip.dropped === dropped && !buffer.more(undefined)) return false;
    }
  }

  /** How many bytes there are up to the end of a frame, come or not; undefined where that is not known yet. */
  #find(skip: Skip): number | undefined {
    const { ending } = this;
    const { bytes, start, available } = this.#buffer;
    if (ending === undefined) return this.lengthToSkip(bytes, start, skip.length);
    const at = bytes.indexOf(ending, start);
    if (at >= 0) return at - start + ending.length;
    // The last bytes may be the beginning of what it ends with.
    this.#consume(skip, Math.max(0, available - ending.length + 1));
    return undefined;
  }

  #consume(skip: Skip, count: number): void {
    this.#buffer.consume(count);
    skip.dropped += count;
  }

  /** The input has ended within a frame: nothing comes any more that could end it. */
  #cutShort(bytes: number): FrameError {
    const error = this.error("ERR_SOCKWRIGHT_UNEXPECTED_END", `the input ended ${bytes} bytes into the frame`);
    this.#error = error;
    return error;
  }

  /** What comes next begins a frame. */
  #beginAnew(): void {
    this.#error = undefined;
    this.#skip = undefined;
    this.#length = undefined;
    this.forget();
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
        if (buffer.unread === 0) this.#drained();
        if (frame !== undefined) return frame;
      } else if (!buffer.more(this.#length)) {
        this.#drained();
      }
    }
    return this.#isEnded ? this.#last() : undefined;
  }

  /** All that came is in frames, or was looked at: what is left of it is copied, and nothing is lent any more. */
  #drained(): void {
    this.#buffer.keep(this.#length);
    this.#isDrained = true;
  }

  #last(): T | undefined {
    const buffer = this.#buffer;
    const length = buffer.available;
    if (length === 0) return undefined;
    const frame = this.last(buffer.bytes, buffer.start, length);
    this.#offset = buffer.offset;
    buffer.consume(length);
    return frame;
  }
}
