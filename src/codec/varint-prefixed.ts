import { bytesOf, checkOptions, type Data, type OptionNames } from "../socket/values.ts";
import type { Codec, Decoder } from "./codec.ts";
import {
  checkFrameBytes,
  FRAME_OPTIONS,
  type FrameLimit,
  type FrameOwnership,
  limitForm,
  maxFrameBytesOf,
} from "./frame-limit.ts";
import { checkFlag } from "./option.ts";
import { PrefixDecoder } from "./prefix-decoder.ts";

/** The longest varint: 64 bits in groups of seven. A longer length is malformed. */
const MAX_VARINT_BYTES = 10;

/** Options of {@link varintPrefixed}. */
export interface VarintPrefixedOptions extends FrameLimit, FrameOwnership {}

const VARINT_PREFIXED_OPTIONS: OptionNames<VarintPrefixedOptions> = FRAME_OPTIONS;

/**
 * A codec of byte frames that follow their length, a base-128 varint (unsigned LEB128, lowest group first): the delimited
 * messages of Protocol Buffers (https://protobuf.dev/programming-guides/encoding/#varints). A length must have as few bytes as
 * possible; a longer form, or one of more than 64 bits, is malformed.
 *
 * @throws RangeError, TypeError for an option · of a decoder: FrameError `ERR_SOCKWRIGHT_FRAME_TOO_LARGE`,
 * `ERR_SOCKWRIGHT_FRAME_MALFORMED`, `ERR_SOCKWRIGHT_UNEXPECTED_END` · of `encode`: `ERR_SOCKWRIGHT_FRAME_TOO_LARGE`.
 * @example
 * ```ts
 * import { varintPrefixed } from "sockwright/codec";
 *
 * const codec = varintPrefixed();
 * console.log(codec.encode("x".repeat(300)).subarray(0, 3).toString("hex")); // => ac0278
 *
 * const decoder = codec.decoder();
 * decoder.push(Uint8Array.of(2, 104, 105, 0));
 * console.log(String(decoder.next()), decoder.next()?.length); // => hi 0
 * ```
 */
export function varintPrefixed(options: VarintPrefixedOptions = {}): Codec<Buffer, Data> {
  const name = "varint-prefixed";
  checkOptions("varintPrefixed()", options, VARINT_PREFIXED_OPTIONS, limitForm);
  const maxFrameBytes = maxFrameBytesOf(options);
  const borrow = checkFlag("options.borrow", options.borrow);
  return {
    name,
    decoder: (): Decoder<Buffer> => new VarintDecoder(name, maxFrameBytes, borrow),
    encode(frame) {
      const bytes = bytesOf("frame", frame);
      checkFrameBytes(name, bytes.length, maxFrameBytes);
      const header: number[] = [];
      let rest = bytes.length;
      for (; rest > 0x7f; rest >>>= 7) header.push((rest & 0x7f) | 0x80);
      return Buffer.concat([Buffer.of(...header, rest), bytes]);
    },
  };
}

class VarintDecoder extends PrefixDecoder {
  protected measureUpTo(bytes: Buffer, start: number, maxFrameBytes: number): number | undefined {
    let length = 0;
    for (let count = 1; ; count++) {
      const byte = bytes[start + count - 1];
      if (byte === undefined) return undefined;
      // Nine groups are 63 bits: the tenth byte has one more, and is the last.
      if (count === MAX_VARINT_BYTES && byte > 1) throw this.malformedError("the length has more than 64 bits");
      if (byte === 0 && count > 1) throw this.malformedError(`the length has ${count} bytes, and fewer would do`);
      length += (byte & 0x7f) * 2 ** (7 * (count - 1));
      if (byte > 0x7f) continue;
      if (length > maxFrameBytes) throw this.tooLargeError(maxFrameBytes, exactValue(bytes, start, count));
      this.prefixBytes = count;
      return count + length;
    }
  }
}

/** The exact value of a varint: above 2^53 a double is rounded. */
function exactValue(bytes: Buffer, start: number, count: number): bigint {
  const groups = bytes.subarray(start, start + count);
  return groups.reduceRight((value, byte) => (value << 7n) | BigInt(byte & 0x7f), 0n);
}
