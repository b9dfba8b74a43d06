import { bytesOf, checkOptions, type Data, integer, type OptionNames, outOfRange } from "../socket/values.ts";
import type { Codec, Decoder } from "./codec.ts";
import { FrameError } from "./frame-error.ts";
import {
  checkFrameBytes,
  FRAME_OPTIONS,
  type FrameLimit,
  type FrameOwnership,
  maxFrameBytesOf,
  unencodableError,
} from "./frame-limit.ts";
import { checkChoice, checkFlag } from "./option.ts";
import { PrefixDecoder } from "./prefix-decoder.ts";

/** The largest `offsetBytes`: bytes of a header before the length. */
export const MAX_OFFSET_BYTES = 65_535;
/** The largest `adjustmentBytes`, in either direction. */
export const MAX_ADJUSTMENT_BYTES = 65_535;

/** Options of {@link lengthPrefixed}: where the length of a frame is, and what it counts. */
export interface LengthPrefixedOptions extends FrameLimit, FrameOwnership {
  /** The size of the length, an unsigned integer, in bytes. Default 4. */
  readonly lengthBytes?: 1 | 2 | 3 | 4 | 8 | undefined;
  /** The byte order of the length: `"big"`, the network byte order and the default, or `"little"`. */
  readonly endian?: "big" | "little" | undefined;
  /**
   * Bytes of the header before the length: 0 to 65 535, default 0. With 0 the decoder cuts the header off. Otherwise the header
   * is part of the frame: `encode` takes a frame with its header, and fills the length in.
   */
  readonly offsetBytes?: number | undefined;
  /** Whether the length counts the header too: the offset and the length itself. Default false. */
  readonly inclusive?: boolean | undefined;
  /**
   * A number to add to the length to get the number of bytes after it: −65 535 to 65 535, default 0. An example is 1, when a
   * type byte that the length does not count stands between the length and the body.
   */
  readonly adjustmentBytes?: number | undefined;
}

const LENGTH_PREFIXED_OPTIONS: OptionNames<LengthPrefixedOptions> = {
  ...FRAME_OPTIONS,
  lengthBytes: true,
  endian: true,
  offsetBytes: true,
  inclusive: true,
  adjustmentBytes: true,
};

/**
 * A codec of byte frames that follow their length. A length of 0 is an empty frame.
 *
 * @throws RangeError, TypeError for an invalid option · of a decoder: FrameError `ERR_SOCKWRIGHT_FRAME_TOO_LARGE`,
 * `ERR_SOCKWRIGHT_FRAME_MALFORMED` (a length smaller than the bytes that it must count), `ERR_SOCKWRIGHT_UNEXPECTED_END` · of `encode`:
 * `ERR_SOCKWRIGHT_FRAME_TOO_LARGE` (also for the length's own bytes), `ERR_SOCKWRIGHT_FRAME_UNENCODABLE` (shorter than the header).
 * @example
 * ```ts
 * import { lengthPrefixed } from "sockwright/codec";
 *
 * const codec = lengthPrefixed({ lengthBytes: 2, maxFrameBytes: 1_000 });
 * console.log(codec.encode("hi").toString("hex")); // => 00026869
 *
 * const decoder = codec.decoder();
 * decoder.push(Uint8Array.of(0, 2, 104));
 * console.log(decoder.next(), decoder.bufferedBytes); // => undefined 3
 * decoder.push(Uint8Array.of(105));
 * console.log(String(decoder.next())); // => hi
 * ```
 */
export function lengthPrefixed(options: LengthPrefixedOptions = {}): Codec<Buffer, Data> {
  const name = "length-prefixed";
  checkOptions("lengthPrefixed()", options, LENGTH_PREFIXED_OPTIONS, (bytes) => `, such as { lengthBytes: ${bytes} }`);
  const borrow = checkFlag("options.borrow", options.borrow);
  const header = headerOf(options);
  const { offsetBytes, lengthBytes, headerBytes, keptBytes, extraBytes, maxFrameBytes } = header;
  return {
    name,
    decoder: (): Decoder<Buffer> => new LengthDecoder(name, header, borrow),
    encode(frame) {
      const bytes = bytesOf("frame", frame);
      checkFrameBytes(name, bytes.length, maxFrameBytes);
      if (bytes.length < keptBytes) {
        throw unencodableError(name, `the frame has ${bytes.length} bytes, and a header ${keptBytes}`);
      }
      const length = bytes.length - keptBytes - extraBytes;
      if (length < 0)
        throw unencodableError(name, `the frame has ${bytes.length} bytes: its length would be ${length}`);
      if (length >= 256 ** lengthBytes) {
        const reason = `the length ${length} needs more than ${lengthBytes} bytes`;
        throw new FrameError("ERR_SOCKWRIGHT_FRAME_TOO_LARGE", { codec: name }, reason);
      }
      const encoded = Buffer.allocUnsafe(headerBytes - keptBytes + bytes.length);
      encoded.set(bytes, headerBytes - keptBytes);
      writeLength(encoded, offsetBytes, header, length);
      return encoded;
    },
  };
}

interface Header {
  readonly offsetBytes: number;
  readonly lengthBytes: number;
  readonly isBigEndian: boolean;
  readonly headerBytes: number;
  /** Bytes of the header that are part of the frame. */
  readonly keptBytes: number;
  /** The number of bytes after the header, minus the length. */
  readonly extraBytes: number;
  readonly maxFrameBytes: number;
}

function headerOf(options: LengthPrefixedOptions): Header {
  const { offsetBytes = 0, adjustmentBytes = 0 } = options;
  const lengthBytes = checkChoice("options.lengthBytes", options.lengthBytes, [4, 1, 2, 3, 8]);
  const endian = checkChoice("options.endian", options.endian, ["big", "little"]);
  integer("options.offsetBytes", offsetBytes, 0, MAX_OFFSET_BYTES);
  integer("options.adjustmentBytes", adjustmentBytes, -MAX_ADJUSTMENT_BYTES, MAX_ADJUSTMENT_BYTES);
  const headerBytes = offsetBytes + lengthBytes;
  const keptBytes = offsetBytes === 0 ? 0 : headerBytes;
  const maxFrameBytes = maxFrameBytesOf(options);
  if (keptBytes > maxFrameBytes) {
    throw outOfRange("options.maxFrameBytes", `>= ${keptBytes}, the bytes of the header`, maxFrameBytes);
  }
  return {
    offsetBytes,
    lengthBytes,
    isBigEndian: endian === "big",
    headerBytes,
    keptBytes,
    extraBytes: adjustmentBytes - (checkFlag("options.inclusive", options.inclusive) ? headerBytes : 0),
    maxFrameBytes,
  };
}

class LengthDecoder extends PrefixDecoder {
  readonly #header: Header;

  constructor(codec: string, header: Header, borrow: boolean) {
    super(codec, header.maxFrameBytes, borrow);
    this.#header = header;
    this.prefixBytes = header.headerBytes - header.keptBytes;
  }

  protected measureUpTo(bytes: Buffer, start: number, maxFrameBytes: number): number | undefined {
    const { headerBytes, offsetBytes, keptBytes, extraBytes } = this.#header;
    if (bytes.length - start < headerBytes) return undefined;
    const length = readLength(bytes, start + offsetBytes, this.#header);
    const followingBytes = length + extraBytes;
    if (followingBytes < 0) throw this.malformedError(`the length is ${length}, less than ${-extraBytes}`);
    if (followingBytes + keptBytes > maxFrameBytes) {
      const exact = exactLength(bytes, start + offsetBytes, this.#header);
      throw this.tooLargeError(maxFrameBytes, exact + BigInt(extraBytes + keptBytes));
    }
    return headerBytes + followingBytes;
  }
}

// Node reads up to six bytes as a number. Eight bytes above 2^53 are rounded, but far above every limit.
function readLength(bytes: Buffer, at: number, { lengthBytes, isBigEndian }: Header): number {
  if (lengthBytes < 8) return isBigEndian ? bytes.readUIntBE(at, lengthBytes) : bytes.readUIntLE(at, lengthBytes);
  const [first, second] = isBigEndian
    ? [bytes.readUInt32BE(at), bytes.readUInt32BE(at + 4)]
    : [bytes.readUInt32LE(at + 4), bytes.readUInt32LE(at)];
  return first * 2 ** 32 + second;
}

function exactLength(bytes: Buffer, at: number, header: Header): bigint {
  if (header.lengthBytes < 8) return BigInt(readLength(bytes, at, header));
  return header.isBigEndian ? bytes.readBigUInt64BE(at) : bytes.readBigUInt64LE(at);
}

function writeLength(bytes: Buffer, at: number, { lengthBytes, isBigEndian }: Header, length: number): void {
  if (lengthBytes < 8 && isBigEndian) bytes.writeUIntBE(length, at, lengthBytes);
  else if (lengthBytes < 8) bytes.writeUIntLE(length, at, lengthBytes);
  else if (isBigEndian) bytes.writeBigUInt64BE(BigInt(length), at);
  else bytes.writeBigUInt64LE(BigInt(length), at);
}
