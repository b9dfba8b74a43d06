// The codecs under test, each with frames for it and a plain reference of what it decodes.
import fc from "fast-check";
import {
  type Codec,
  type Decoder,
  defineCodec,
  delimiter,
  FrameError,
  type FrameErrorCode,
  fixed,
  jsonLines,
  layered,
  lengthPrefixed,
  lines,
  netstring,
  varintPrefixed,
} from "../../../src/codec.ts";
import {
  type Reading,
  type Reference,
  readDelimited,
  readFixed,
  readJsonLines,
  readLayered,
  readLengthPrefixed,
  readLines,
  readNetstrings,
  readTagged,
  readVarintPrefixed,
} from "./references.ts";

/** The `maxFrameBytes` of the codecs. */
export const MAX = 40;

export interface Subject {
  readonly name: string;
  decoder(): Decoder<unknown>;
  encode(frame: unknown): Buffer;
  /** Frames that can be encoded and are decoded to the same value. */
  readonly frames: fc.Arbitrary<unknown>;
  readonly reference: Reference;
  /** The bytes beyond `MAX` that a decoder may buffer of one frame: header and delimiter. */
  readonly extraBytes: number;
}

const bytes = fc.uint8Array({ maxLength: MAX }).map((frame) => Buffer.from(frame));

/** Text without line endings, of at most `MAX` bytes in UTF-8. */
const line = fc
  .string({ unit: "grapheme", maxLength: 20 })
  .map((text) => text.replace(/[\r\n]/g, "_"))
  .filter((text) => Buffer.byteLength(text) <= MAX);

/** JSON values after a round trip, in which −0 becomes 0. */
const json = fc
  .jsonValue({ maxDepth: 1 })
  .map((value): unknown => JSON.parse(JSON.stringify(value)))
  .filter((value) => Buffer.byteLength(JSON.stringify(value)) <= MAX);

function subject<In, Out>(
  name: string,
  codec: Codec<In, Out>,
  frames: fc.Arbitrary<Out>,
  reference: Reference,
  extraBytes: number,
): Subject {
  return {
    name,
    decoder: () => codec.decoder(),
    encode: (frame) => codec.encode(frame as Out),
    frames,
    reference,
    extraBytes,
  };
}

const maxFrameBytes = MAX;
const borrowed = { maxFrameBytes, borrow: true };

/** A frame with a length field in its header; `value` returns the length. */
function headed(offset: number, length: number, value: (frame: Buffer) => number): fc.Arbitrary<Buffer> {
  return fc.uint8Array({ minLength: offset + length, maxLength: MAX }).map((filled) => {
    const frame = Buffer.from(filled);
    frame.writeUIntBE(value(frame), offset, length);
    return frame;
  });
}

const tagged = defineCodec({
  name: "tagged",
  maxFrameBytes,
  measure: (header) => (header.length < 2 ? undefined : 2 + header.readUInt8(1)),
  decode: (frame): [number, string] => [frame.readUInt8(0), frame.toString("latin1", 2)],
  encode: ([type, text]) => Buffer.concat([Buffer.of(type, text.length), Buffer.from(text, "latin1")]),
});

const records = lengthPrefixed({ lengthBytes: 1, ...borrowed });

export const subjects: readonly Subject[] = [
  subject("lines", lines({ maxFrameBytes }), line, readLines({ max: MAX }), 1),
  subject("lines, CRLF", lines({ maxFrameBytes, newline: "\r\n" }), line, readLines({ max: MAX }), 1),
  subject("strict lines", lines({ maxFrameBytes, strict: true }), line, readLines({ max: MAX, strict: "\n" }), 1),
  subject(
    "strict lines, CRLF",
    lines({ maxFrameBytes, newline: "\r\n", strict: true }),
    line,
    readLines({ max: MAX, strict: "\r\n" }),
    1,
  ),
  subject(
    "lines, Latin-1, also unterminated",
    lines({ maxFrameBytes, encoding: "latin1", allowUnterminated: true }),
    bytes.map((frame) => frame.toString("latin1").replace(/[\r\n]/g, "_")),
    readLines({ max: MAX, latin1: true, unterminated: true }),
    1,
  ),
  subject(
    "delimiter, one byte",
    delimiter("\0", { maxFrameBytes }),
    bytes.map((frame) => frame.map((byte) => byte || 1)),
    readDelimited("\0", MAX),
    0,
  ),
  subject(
    "delimiter, several bytes, borrowed",
    delimiter("aab", borrowed),
    bytes.map((frame) => frame.map((byte) => (byte === 98 ? 97 : byte))),
    readDelimited("aab", MAX),
    2,
  ),
  subject(
    "length-prefixed, 1 byte",
    lengthPrefixed({ lengthBytes: 1, maxFrameBytes }),
    bytes,
    readLengthPrefixed({ max: MAX, bytes: 1 }),
    1,
  ),
  subject(
    "length-prefixed, 2 bytes, little, borrowed",
    lengthPrefixed({ lengthBytes: 2, endian: "little", ...borrowed }),
    bytes,
    readLengthPrefixed({ max: MAX, bytes: 2, little: true }),
    2,
  ),
  subject(
    "length-prefixed, 3 bytes, inclusive",
    lengthPrefixed({ lengthBytes: 3, inclusive: true, maxFrameBytes }),
    bytes,
    readLengthPrefixed({ max: MAX, bytes: 3, inclusive: true }),
    3,
  ),
  subject(
    "length-prefixed, 4 bytes, offset 2",
    lengthPrefixed({ offsetBytes: 2, maxFrameBytes }),
    headed(2, 4, (frame) => frame.length - 6),
    readLengthPrefixed({ max: MAX, bytes: 4, offset: 2 }),
    0,
  ),
  subject(
    "length-prefixed, 2 bytes, offset 1, inclusive, adjusted",
    lengthPrefixed({ lengthBytes: 2, offsetBytes: 1, inclusive: true, adjustmentBytes: -3, maxFrameBytes }),
    headed(1, 2, (frame) => frame.length + 3),
    readLengthPrefixed({ max: MAX, bytes: 2, offset: 1, inclusive: true, adjustment: -3 }),
    0,
  ),
  subject(
    "length-prefixed, 8 bytes",
    lengthPrefixed({ lengthBytes: 8, maxFrameBytes }),
    bytes,
    readLengthPrefixed({ max: MAX, bytes: 8 }),
    8,
  ),
  subject(
    "length-prefixed, 8 bytes, little, adjusted",
    lengthPrefixed({ lengthBytes: 8, endian: "little", adjustmentBytes: 1, maxFrameBytes }),
    bytes.filter((frame) => frame.length > 0),
    readLengthPrefixed({ max: MAX, bytes: 8, little: true, adjustment: 1 }),
    8,
  ),
  subject("varint-prefixed", varintPrefixed({ maxFrameBytes }), bytes, readVarintPrefixed(MAX), 10),
  subject(
    "fixed",
    fixed(7),
    bytes.map((frame) => Buffer.concat([frame, Buffer.alloc(7)], 7)),
    readFixed(7),
    0,
  ),
  subject("netstring", netstring({ maxFrameBytes }), bytes, readNetstrings(MAX), 4),
  subject("json-lines", jsonLines({ maxFrameBytes }), json, readJsonLines(MAX), 1),
  subject(
    "a codec of one's own",
    tagged,
    fc.tuple(
      fc.nat(255),
      fc.uint8Array({ maxLength: MAX - 2 }).map((text) => Buffer.from(text).toString("latin1")),
    ),
    readTagged(MAX),
    0,
  ),
  subject(
    "lines in borrowed records",
    layered(records, lines({ maxFrameBytes })),
    line.filter((text) => Buffer.byteLength(text) < MAX),
    readLayered(readLengthPrefixed({ max: MAX, bytes: 1 }), readLines({ max: MAX })),
    MAX + 2,
  ),
];

/** Decodes an input that arrives in these pieces and then ends. Overwrites each piece after the decoder has read it. */
export function readInPieces(decoder: Decoder<unknown>, pieces: readonly Uint8Array[]): Reading {
  const frames: unknown[] = [];
  try {
    for (const piece of pieces) {
      const lent = Buffer.from(piece);
      decoder.push(lent);
      takeAll(decoder, frames);
      lent.fill(0xaa);
    }
    decoder.end();
    takeAll(decoder, frames);
    return { frames, code: undefined };
  } catch (error) {
    return { frames, code: codeOf(error) };
  }
}

export function takeAll(decoder: Decoder<unknown>, frames: unknown[]): void {
  for (let frame = decoder.next(); frame !== undefined; frame = decoder.next()) frames.push(owned(frame));
}

/** Returns a copy of a frame that may be borrowed. */
export function owned(frame: unknown): unknown {
  return frame instanceof Buffer ? Buffer.from(frame) : frame;
}

/** A decoder throws no other error. */
export function codeOf(error: unknown): FrameErrorCode {
  if (!(error instanceof FrameError)) throw error;
  return error.code;
}
