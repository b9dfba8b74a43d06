import { bytesOf, checkOptions, type Data, integer, type OptionNames } from "../socket/values.ts";
import type { Codec, Decoder } from "./codec.ts";
import { FrameDecoder } from "./frame-decoder.ts";
import {
  checkFrameBytes,
  FRAME_OPTIONS,
  type FrameLimit,
  type FrameOwnership,
  limitForm,
  maxFrameBytesOf,
  unencodableError,
} from "./frame-limit.ts";
import { checkFlag } from "./option.ts";

/**
 * The longest delimiter. A byte is compared again for each byte of the delimiter at most: with this the search stays
 * cheap.
 */
export const MAX_DELIMITER_BYTES = 256;

/** Options of {@link delimiter}. */
export interface DelimiterOptions extends FrameLimit, FrameOwnership {
  /** Whether the end of input also ends a frame; default false, since the frame may be cut short. */
  readonly allowUnterminated?: boolean | undefined;
}

const DELIMITER_OPTIONS: OptionNames<DelimiterOptions> = { ...FRAME_OPTIONS, allowUnterminated: true };

/**
 * A codec of byte frames that end with a delimiter, which the decoder cuts off. Frames may be empty.
 *
 * @param end - text (as UTF-8) or bytes: 1 to 256 bytes.
 * @throws RangeError, TypeError for an invalid argument · of a decoder: FrameError `ERR_SOCKWRIGHT_FRAME_TOO_LARGE`,
 * `ERR_SOCKWRIGHT_UNEXPECTED_END` · of `encode`: `ERR_SOCKWRIGHT_FRAME_UNENCODABLE` (the delimiter would be found before its
 * end), `ERR_SOCKWRIGHT_FRAME_TOO_LARGE`.
 * @example
 * ```ts
 * import { delimiter } from "sockwright/codec";
 *
 * const decoder = delimiter("\0").decoder();
 * decoder.push(Buffer.from("first\0second\0"));
 * console.log(String(decoder.next()), String(decoder.next())); // => first second
 * ```
 */
export function delimiter(end: Data, options: DelimiterOptions = {}): Codec<Buffer, Data> {
  const name = "delimiter";
  checkOptions("delimiter()", options, DELIMITER_OPTIONS, limitForm);
  const delimiterBytes = Buffer.from(bytesOf("end", end));
  integer("end.length", delimiterBytes.length, 1, MAX_DELIMITER_BYTES);
  const maxFrameBytes = maxFrameBytesOf(options);
  const borrow = checkFlag("options.borrow", options.borrow);
  const allowUnterminated = checkFlag("options.allowUnterminated", options.allowUnterminated);
  return {
    name,
    decoder: (): Decoder<Buffer> =>
      new DelimiterDecoder(name, delimiterBytes, maxFrameBytes, allowUnterminated, borrow),
    encode(frame) {
      const bytes = bytesOf("frame", frame);
      checkFrameBytes(name, bytes.length, maxFrameBytes);
      const encoded = Buffer.concat([bytes, delimiterBytes]);
      // The end of the frame and the beginning of the delimiter can also form the delimiter: "a" before "aa".
      if (encoded.indexOf(delimiterBytes) === bytes.length) return encoded;
      throw unencodableError(name, "the frame has the delimiter in it");
    },
  };
}

class DelimiterDecoder extends FrameDecoder<Buffer> {
  readonly #delimiter: Buffer;
  readonly #maxFrameBytes: number;
  readonly #allowUnterminated: boolean;
  /** Bytes of the frame already searched: no delimiter begins in them. */
  #searchedBytes = 0;

  constructor(
    codec: string,
    delimiterBytes: Buffer,
    maxFrameBytes: number,
    allowUnterminated: boolean,
    borrow: boolean,
  ) {
    super(codec, borrow);
    this.#delimiter = delimiterBytes;
    this.#maxFrameBytes = maxFrameBytes;
    this.#allowUnterminated = allowUnterminated;
  }

  protected override get delimiter(): Buffer {
    return this.#delimiter;
  }

  protected override get allowsUnterminated(): boolean {
    return this.#allowUnterminated;
  }

  protected measure(bytes: Buffer, start: number): number | undefined {
    const at = bytes.indexOf(this.#delimiter, start + this.#searchedBytes);
    // The last bytes may be the beginning of the delimiter.
    this.#searchedBytes = at < 0 ? Math.max(0, bytes.length - start - this.#delimiter.length + 1) : 0;
    if ((at < 0 ? this.#searchedBytes : at - start) > this.#maxFrameBytes)
      throw this.tooLargeError(this.#maxFrameBytes);
    return at < 0 ? undefined : at - start + this.#delimiter.length;
  }

  protected override resetSearch(): void {
    this.#searchedBytes = 0;
  }

  protected open(_bytes: Buffer, start: number, length: number): Buffer {
    return this.cut(start, start + length - this.#delimiter.length);
  }

  protected override openLast(bytes: Buffer, start: number, length: number): Buffer | undefined {
    if (!this.#allowUnterminated) return super.openLast(bytes, start, length);
    if (length > this.#maxFrameBytes) throw this.tooLargeError(this.#maxFrameBytes);
    this.#searchedBytes = 0;
    return this.cut(start, start + length);
  }
}
