import { FrameDecoder } from "./frame-decoder.ts";

/** The base of decoders whose frames have a header that tells the length, and then the body. */
export abstract class PrefixDecoder extends FrameDecoder<Buffer> {
  readonly #maxFrameBytes: number;
  /** Bytes before the body, as {@link measureUpTo} found them for the frame at the front; they are cut off. */
  protected prefixBytes = 0;

  constructor(codec: string, maxFrameBytes: number, borrow: boolean) {
    super(codec, borrow);
    this.#maxFrameBytes = maxFrameBytes;
  }

  /**
   * Reads the header of the frame that begins at `start`, and sets {@link prefixBytes}. Returns the length of the whole frame;
   * undefined while the header is incomplete.
   *
   * @throws FrameError for a malformed header, and for a frame of more than `maxFrameBytes`.
   */
  protected abstract measureUpTo(bytes: Buffer, start: number, maxFrameBytes: number): number | undefined;

  protected measure(bytes: Buffer, start: number): number | undefined {
    return this.measureUpTo(bytes, start, this.#maxFrameBytes);
  }

  protected override lengthToSkip(bytes: Buffer, start: number, _length: number | undefined): number | undefined {
    let length: number | undefined;
    try {
      length = this.measureUpTo(bytes, start, Number.MAX_SAFE_INTEGER);
    } catch {
      // The header is malformed, or its length is too large to count.
      throw this.unskippableError();
    }
    if (length !== undefined && !Number.isSafeInteger(length)) throw this.unskippableError();
    return length;
  }

  protected open(_bytes: Buffer, start: number, length: number): Buffer {
    return this.cut(start + this.prefixBytes, start + length);
  }
}
