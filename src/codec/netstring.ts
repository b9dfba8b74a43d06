import { bytesOf, checkOptions, type Data, type OptionNames } from "../socket/values.ts";
import type { Codec, Decoder } from "./codec.ts";
import { FrameDecoder } from "./frame-decoder.ts";
import {
  checkFrameBytes,
  FRAME_OPTIONS,
  type FrameLimit,
  type FrameOwnership,
  limitForm,
  maxFrameBytesOf,
} from "./frame-limit.ts";
import { flag } from "./option.ts";

const ZERO = 48;
const NINE = 57;
const COLON = 58;
const COMMA = 44;
/** What can be counted, with the length's own digits and the comma. */
const MOST = Number.MAX_SAFE_INTEGER - 32;

/** What netstrings may have. */
export interface NetstringOptions extends FrameLimit, FrameOwnership {}

const NETSTRING_OPTIONS: OptionNames<NetstringOptions> = FRAME_OPTIONS;

/**
 * Netstrings: `5:hello,` (D. J. Bernstein, https://cr.yp.to/proto/netstrings.txt). A length has no leading zeros.
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
  const borrow = flag("options.borrow", options.borrow);
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

class NetstringDecoder extends FrameDecoder<Buffer> {
  readonly #maxFrameBytes: number;
  #headerBytes = 0;

  constructor(codec: string, maxFrameBytes: number, borrow: boolean) {
    super(codec, borrow);
    this.#maxFrameBytes = maxFrameBytes;
  }

  protected measure(bytes: Buffer, start: number): number | undefined {
    return this.#measure(bytes, start, this.#maxFrameBytes);
  }

  protected override lengthToSkip(bytes: Buffer, start: number, length: number | undefined): number | undefined {
    // Where the comma is missing, the length was wrong.
    if (length !== undefined) throw this.unskippable();
    try {
      return this.#measure(bytes, start, MOST);
    } catch {
      // It is malformed, or is no number that can be counted to.
      throw this.unskippable();
    }
  }

  // The limit has nine digits at most: with each byte that comes, no more than those are looked at again. To skip, 16.
  #measure(bytes: Buffer, start: number, maxFrameBytes: number): number | undefined {
    let length = 0;
    for (let at = start; ; at++) {
      const byte = bytes[at];
      if (byte === undefined) return undefined;
      const digits = at - start;
      if (byte === COLON && digits > 0) {
        this.#headerBytes = digits + 1;
        return this.#headerBytes + length + 1;
      }
      if (byte < ZERO || byte > NINE) throw this.malformed(`${inHex(byte)} in the place of a length`);
      if (digits > 0 && length === 0) throw this.malformed("the length begins with a zero");
      length = length * 10 + byte - ZERO;
      if (length > maxFrameBytes) throw this.tooLarge(maxFrameBytes);
    }
  }

  protected open(bytes: Buffer, start: number, length: number): Buffer {
    const end = start + length - 1;
    const byte = bytes[end];
    if (byte !== COMMA) throw this.malformed(`${inHex(byte)} in the place of the comma`);
    return this.cut(start + this.#headerBytes, end);
  }
}

function inHex(byte = 0): string {
  return `0x${byte.toString(16).padStart(2, "0")}`;
}
