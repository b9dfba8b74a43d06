import { checkDefinition, functionOf, integer, type OptionNames, wrongType } from "../socket/values.ts";
import type { Codec, Decoder } from "./codec.ts";
import { FrameDecoder } from "./frame-decoder.ts";
import {
  checkFrameBytes,
  FRAME_OPTIONS,
  type FrameLimit,
  type FrameOwnership,
  MAX_FRAME_BYTES,
  maxFrameBytesOf,
  unencodableError,
} from "./frame-limit.ts";
import { checkFlag } from "./option.ts";
import { toFrameError } from "./thrown.ts";

/** The default of `maxHeaderBytes`. A frame whose length is not known from so many bytes is malformed. */
export const DEFAULT_MAX_HEADER_BYTES = 256;
/** The highest value of `maxHeaderBytes`; above it `defineCodec` throws a RangeError. `measure` reads a header from its beginning each time more of it comes. */
export const MAX_HEADER_BYTES = 4096;

/** The definition of a codec for {@link defineCodec}. */
export interface CodecDefinition<T, U> extends FrameLimit, FrameOwnership {
  /** The name of the codec in error messages. */
  readonly name: string;
  /** The most bytes of a frame that `measure` needs to see: 1 to 4 096, default 256. */
  readonly maxHeaderBytes?: number | undefined;
  /**
   * Returns the whole length of the frame that begins with `header`: a whole number from 1; undefined when it needs more bytes.
   * `header` has at most `maxHeaderBytes` bytes, and is lent for the time of the call. A thrown value becomes the cause of a
   * FrameError.
   */
  measure(header: Buffer): number | undefined;
  /** Makes a value from a whole frame with its header. Undefined leaves the frame out. A thrown value becomes the cause of a FrameError. */
  decode(frame: Buffer): T | undefined;
  /** Makes the whole frame from a value. A thrown value becomes the cause of a FrameError. */
  encode(value: U): Uint8Array;
}

const CODEC_DEFINITION: OptionNames<CodecDefinition<unknown, unknown>> = {
  ...FRAME_OPTIONS,
  name: true,
  maxHeaderBytes: true,
  measure: true,
  decode: true,
  encode: true,
};

/**
 * Makes a codec for a protocol whose frames have their length in their first bytes. The codec enforces the limit, joins frames that
 * come in several pieces, and manages the memory; the definition says how long a frame is, and what it means. Here `maxFrameBytes`
 * counts the whole frame.
 *
 * @throws RangeError, TypeError for an invalid option, or when `measure` returns no valid length · of a decoder: FrameError
 * `ERR_SOCKWRIGHT_FRAME_TOO_LARGE`, `ERR_SOCKWRIGHT_FRAME_MALFORMED`, `ERR_SOCKWRIGHT_UNEXPECTED_END` · of `encode`:
 * `ERR_SOCKWRIGHT_FRAME_TOO_LARGE`, `ERR_SOCKWRIGHT_FRAME_UNENCODABLE` (also when `measure` returns another length for it).
 * @example
 * ```ts
 * import { defineCodec } from "sockwright/codec";
 *
 * // A type byte, a length byte, and as many bytes as it says.
 * const messages = defineCodec({
 *   name: "messages",
 *   maxFrameBytes: 257,
 *   measure: (header) => (header.length < 2 ? undefined : 2 + header.readUInt8(1)),
 *   decode: (frame) => ({ type: frame.readUInt8(0), text: frame.toString("utf8", 2) }),
 *   encode({ type, text }: { type: number; text: string }) {
 *     return Buffer.concat([Buffer.of(type, Buffer.byteLength(text)), Buffer.from(text)]);
 *   },
 * });
 * const decoder = messages.decoder();
 * decoder.push(messages.encode({ type: 7, text: "hi" }));
 * console.log(decoder.next()); // => { type: 7, text: 'hi' }
 * ```
 */
export function defineCodec<T, U = T>(definition: CodecDefinition<T, U>): Codec<T, U> {
  checkDefinition("defineCodec()", definition, CODEC_DEFINITION, "definition", ": { name, measure, decode, encode }");
  const { name } = definition;
  for (const each of ["measure", "decode", "encode"] as const) functionOf(`definition.${each}`, definition[each]);
  if (typeof name !== "string") throw wrongType("definition.name", "of type string", name);
  const maxFrameBytes = maxFrameBytesOf(definition);
  const borrow = checkFlag("definition.borrow", definition.borrow);
  const { maxHeaderBytes = DEFAULT_MAX_HEADER_BYTES } = definition;
  integer("definition.maxHeaderBytes", maxHeaderBytes, 1, MAX_HEADER_BYTES);
  return {
    name,
    decoder: (): Decoder<T> => new DefinedDecoder(definition, maxFrameBytes, maxHeaderBytes, borrow),
    encode(value) {
      const [bytes, length] = encodeFrame(definition, value, maxHeaderBytes);
      checkFrameBytes(name, bytes.length, maxFrameBytes);
      if (length === bytes.length) return bytes;
      throw unencodableError(name, `the frame has ${bytes.length} bytes, but measure() returns ${length} for it`);
    },
  };
}

/** Encodes a frame, and measures its length. */
function encodeFrame<U>(
  definition: CodecDefinition<unknown, U>,
  value: U,
  maxHeaderBytes: number,
): [bytes: Buffer, length: number | undefined] {
  try {
    const { buffer, byteOffset, length } = definition.encode(value);
    const bytes = Buffer.from(buffer, byteOffset, length);
    return [bytes, definition.measure(bytes.subarray(0, maxHeaderBytes))];
  } catch (error) {
    throw toFrameError(error, (reason) => unencodableError(definition.name, reason, error));
  }
}

class DefinedDecoder<T> extends FrameDecoder<T> {
  readonly #definition: CodecDefinition<T, never>;
  readonly #maxFrameBytes: number;
  readonly #maxHeaderBytes: number;

  constructor(definition: CodecDefinition<T, never>, maxFrameBytes: number, maxHeaderBytes: number, borrow: boolean) {
    super(definition.name, borrow);
    this.#definition = definition;
    this.#maxFrameBytes = maxFrameBytes;
    this.#maxHeaderBytes = maxHeaderBytes;
  }

  protected measure(bytes: Buffer, start: number): number | undefined {
    const header = bytes.subarray(start, start + this.#maxHeaderBytes);
    const length = this.#measure(header);
    if (length === undefined) {
      if (header.length < this.#maxHeaderBytes) return undefined;
      throw this.malformedError(`the first ${this.#maxHeaderBytes} bytes do not tell its length`);
    }
    if (length > this.#maxFrameBytes) throw this.tooLargeError(this.#maxFrameBytes, length);
    return integer("measure()", length, 1, MAX_FRAME_BYTES);
  }

  protected override lengthToSkip(bytes: Buffer, start: number, length: number | undefined): number {
    if (length !== undefined) return length;
    let measured: number | undefined;
    try {
      measured = this.#definition.measure(bytes.subarray(start, start + this.#maxHeaderBytes));
    } catch {
      // It threw before: that error is the cause.
    }
    if (measured === undefined || !Number.isSafeInteger(measured) || measured < 1) throw this.unskippableError();
    return measured;
  }

  protected open(_bytes: Buffer, start: number, length: number): T | undefined {
    const frame = this.cut(start, start + length);
    try {
      return this.#definition.decode(frame);
    } catch (error) {
      throw toFrameError(error, (reason) => this.malformedError(reason, error));
    }
  }

  #measure(header: Buffer): number | undefined {
    try {
      return this.#definition.measure(header);
    } catch (error) {
      throw toFrameError(error, (reason) => this.malformedError(reason, error));
    }
  }
}
