import { bytesOf, checkOptions, type Data, integer, type OptionNames } from "../socket/values.ts";
import type { Codec, Decoder } from "./codec.ts";
import { FrameDecoder } from "./frame-decoder.ts";
import { type FrameOwnership, MAX_FRAME_BYTES, unencodableError } from "./frame-limit.ts";
import { checkFlag } from "./option.ts";

/** Options of {@link fixed}. */
export interface FixedOptions extends FrameOwnership {}

const FIXED_OPTIONS: OptionNames<FixedOptions> = { borrow: true };

/**
 * A codec of frames that all have the same length, without header or delimiter.
 *
 * @param frameBytes - 1 to 268 435 456 (256 MiB).
 * @throws RangeError, TypeError for an invalid argument · of a decoder: FrameError `ERR_SOCKWRIGHT_UNEXPECTED_END` · of `encode`:
 * `ERR_SOCKWRIGHT_FRAME_UNENCODABLE` (another length).
 * @example
 * ```ts
 * import { fixed } from "sockwright/codec";
 *
 * const decoder = fixed(4).decoder();
 * decoder.push(Buffer.from("ABCDEFGHIJ"));
 * console.log(String(decoder.next()), String(decoder.next()), decoder.bufferedBytes); // => ABCD EFGH 2
 * ```
 */
export function fixed(frameBytes: number, options: FixedOptions = {}): Codec<Buffer, Data> {
  const name = "fixed";
  checkOptions("fixed()", options, FIXED_OPTIONS);
  integer("frameBytes", frameBytes, 1, MAX_FRAME_BYTES);
  const borrow = checkFlag("options.borrow", options.borrow);
  return {
    name,
    decoder: (): Decoder<Buffer> => new FixedDecoder(name, frameBytes, borrow),
    encode(frame) {
      const bytes = bytesOf("frame", frame);
      if (bytes.length === frameBytes) return Buffer.from(bytes);
      throw unencodableError(name, `the frame has ${bytes.length} bytes, and not ${frameBytes}`);
    },
  };
}

class FixedDecoder extends FrameDecoder<Buffer> {
  readonly #frameBytes: number;

  constructor(codec: string, frameBytes: number, borrow: boolean) {
    super(codec, borrow);
    this.#frameBytes = frameBytes;
  }

  protected measure(): number {
    return this.#frameBytes;
  }

  protected open(_bytes: Buffer, start: number, length: number): Buffer {
    return this.cut(start, start + length);
  }
}
