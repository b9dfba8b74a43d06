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

const ZERO = 48;
const NINE = 57;
const COLON = 58;
const COMMA = 44;

/** Options of {@link netstring}. */
export interface NetstringOptions extends FrameLimit, FrameOwnership {}

const NETSTRING_OPTIONS: OptionNames<NetstringOptions> = FRAME_OPTIONS;

/**
 * A codec of netstrings: `5:hello,` (D. J. Bernstein, https://cr.yp.to/proto/netstrings.txt). A length has no leading zeros.
 *
 * @throws RangeError, TypeError for an option · of a decoder: FrameError `ERR_SOCKWRIGHT_FRAME_TOO_LARGE`,
 * `ERR_SOCKWRIGHT_FRAME_MALFORMED`, `ERR_SOCKWRIGHT_UNEXPECTED_END` · of `encode`: `ERR_SOCKWRIGHT_FRAME_TOO_LARGE`.
 * @example
 * ```ts
 * import { netstring } from "sockwright/codec";
 *
 * const codec = netstring();
 * console.log(String(codec.encode("hello"))); // => 5:hello,
 *
 * const decoder = codec.decoder();
 * decoder.push(Buffer.from("2:hi,0:,"));
 * console.log(String(decoder.next()), decoder.next()?.length); // => hi 0
 * ```
 */
export function netstring(options: NetstringOptions = {}): Codec<Buffer, Data> {
  const name = "netstring";
  checkOptions("netstring()", options, NETSTRING_OPTIONS, limitForm);
  const maxFrameBytes = maxFrameBytesOf(options);
  const borrow = checkFlag("options.borrow", options.borrow);
  return {
    name,
    decoder: (): Decoder<Buffer> => new NetstringDecoder(name, maxFrameBytes, borrow),
    encode(frame) {
      const bytes = bytesOf("frame", frame);
      checkFrameBytes(name, bytes.length, maxFrameBytes);
      return Buffer.concat([Buffer.from(`${bytes.length}:`), bytes, Buffer.of(COMMA)]);
    },
  };
}

class NetstringDecoder extends PrefixDecoder {
  protected override lengthToSkip(bytes: Buffer, start: number, length: number | undefined): number | undefined {
    // The comma is missing, so that the length is wrong.
    if (length !== undefined) throw this.unskippableError();
    return super.lengthToSkip(bytes, start, length);
  }

  // Each received byte causes the digits to be read again: the limit has nine at most; a frame to skip has 16.
  protected measureUpTo(bytes: Buffer, start: number, maxFrameBytes: number): number | undefined {
    let length = 0;
    for (let at = start; ; at++) {
      const byte = bytes[at];
      if (byte === undefined) return undefined;
      const digits = at - start;
      if (byte === COLON && digits > 0) {
        this.prefixBytes = digits + 1;
        return this.prefixBytes + length + 1;
      }
      if (byte < ZERO || byte > NINE) throw this.malformedError(`${toHex(byte)} in the place of a length`);
      if (digits > 0 && length === 0) throw this.malformedError("the length begins with a zero");
      length = length * 10 + byte - ZERO;
      if (length > maxFrameBytes) throw this.tooLargeError(maxFrameBytes);
    }
  }

  protected override open(bytes: Buffer, start: number, length: number): Buffer {
    const byte = bytes[start + length - 1];
    if (byte !== COMMA) throw this.malformedError(`${toHex(byte)} in the place of the comma`);
    return super.open(bytes, start, length - 1);
  }
}

function toHex(byte = 0): string {
  return `0x${byte.toString(16).padStart(2, "0")}`;
}
