// Decoders that continue after an invalid frame: each skips the frame that it refuses and decodes the next one. The
// expected frames come from a plain function that returns the length of the frame at the front of the input.
import { type Decoder, FrameError, type FrameErrorCode } from "../../../src/codec.ts";
import type { Reading, Reference } from "./references.ts";
import { MAX, type Subject, subjects } from "./subjects.ts";

const TOO_LARGE = "ERR_SOCKWRIGHT_FRAME_TOO_LARGE";
const MALFORMED = "ERR_SOCKWRIGHT_FRAME_MALFORMED";
const END = "ERR_SOCKWRIGHT_UNEXPECTED_END";

/** Returns the length of the frame at the front: Infinity if more bytes must tell it, undefined if none can. */
type Length = (input: Buffer) => number | undefined;

/** Reads like a server that answers an invalid frame with an error and continues. */
export class Skipping implements Decoder<unknown> {
  readonly #decoder: Decoder<unknown>;
  /** The lengths of the skipped frames. */
  readonly skipped: number[] = [];
  #isSkipping = false;

  constructor(decoder: Decoder<unknown>) {
    this.#decoder = decoder;
  }

  get bufferedBytes(): number {
    return this.#decoder.bufferedBytes;
  }
  get offset(): number {
    return this.#decoder.offset;
  }
  push(bytes: NodeJS.ArrayBufferView): void {
    this.#decoder.push(bytes);
  }
  end(): void {
    this.#decoder.end();
  }
  keep(): void {
    this.#decoder.keep();
  }
  rest(): Buffer {
    return this.#decoder.rest();
  }

  next(): unknown {
    for (;;) {
      if (this.#isSkipping) {
        const bytes = this.#skip();
        if (bytes === undefined) return undefined;
        this.skipped.push(bytes);
        this.#isSkipping = false;
      }
      try {
        return this.#decoder.next();
      } catch (error) {
        if (!(error instanceof FrameError) || (error.code !== TOO_LARGE && error.code !== MALFORMED)) throw error;
        this.#isSkipping = true;
      }
    }
  }

  #skip(): number | undefined {
    try {
      return this.#decoder.skip?.();
    } catch (error) {
      if (!(error instanceof FrameError) || error.code !== "ERR_SOCKWRIGHT_FRAME_UNSKIPPABLE") throw error;
      throw error.cause;
    }
  }
}

/** Decodes each frame separately and skips those with one of the given errors. */
function readPast(reference: Reference, lengthOf: Length, skips: readonly FrameErrorCode[]): Reference {
  return (input): Reading => {
    const frames: unknown[] = [];
    for (let rest = input; rest.length > 0; ) {
      const length = lengthOf(rest);
      const isWhole = length !== undefined && length <= rest.length;
      const reading = reference(isWhole ? rest.subarray(0, length) : rest);
      frames.push(...reading.frames);
      if (!isWhole) {
        const isCut = length !== undefined && reading.code !== undefined;
        return { frames, code: isCut ? END : reading.code };
      }
      if (reading.code !== undefined && !skips.includes(reading.code)) return { frames, code: reading.code };
      rest = rest.subarray(length);
    }
    return { frames, code: undefined };
  };
}

function upTo(ending: string, isEndedByInput = false): Length {
  return (input) => {
    const at = input.indexOf(ending);
    if (at >= 0) return at + ending.length;
    return isEndedByInput ? input.length : Number.POSITIVE_INFINITY;
  };
}

/** Reads a length field of `bytes` bytes after `offset` bytes and adds `extra` to it. */
function behind(offset: number, bytes: number, extra: number, little = false): Length {
  return (input) => {
    if (input.length < offset + bytes) return Number.POSITIVE_INFINITY;
    const field = [...input.subarray(offset, offset + bytes)];
    if (little) field.reverse();
    const following = field.reduce((value, byte) => value * 256n + BigInt(byte), 0n) + BigInt(extra);
    const length = following + BigInt(offset + bytes);
    return following < 0n || length > BigInt(Number.MAX_SAFE_INTEGER) ? undefined : Number(length);
  };
}

const varint: Length = (input) => {
  const last = input.findIndex((byte) => byte < 0x80);
  if (last < 0) return input.length > 9 ? undefined : Number.POSITIVE_INFINITY;
  if (last > 9 || (last > 0 && input[last] === 0)) return undefined;
  const groups = [...input.subarray(0, last + 1)].reverse();
  const length = groups.reduce((value, byte) => value * 128n + BigInt(byte & 0x7f), 0n);
  return length > BigInt(Number.MAX_SAFE_INTEGER - 10) ? undefined : last + 1 + Number(length);
};

const netstringLength: Length = (input) => {
  const [, digits, next] = /^(0|[1-9]\d*)?(.?)/s.exec(input.toString("latin1")) ?? [];
  if (Number(digits) > Number.MAX_SAFE_INTEGER - 32) return undefined;
  if (next === "") return Number.POSITIVE_INFINITY;
  return digits === undefined || next !== ":" ? undefined : digits.length + 2 + Number(digits);
};

/** The subjects that can skip. The other codecs do not tell where a frame ends, or refuse none. */
const LENGTHS: Readonly<Record<string, Length>> = {
  lines: upTo("\n"),
  "lines, CRLF": upTo("\n"),
  "strict lines": upTo("\n"),
  "strict lines, CRLF": upTo("\r\n"),
  "lines, Latin-1, also unterminated": upTo("\n", true),
  "delimiter, one byte": upTo("\0"),
  "delimiter, several bytes, borrowed": upTo("aab"),
  "length-prefixed, 1 byte": behind(0, 1, 0),
  "length-prefixed, 2 bytes, little, borrowed": behind(0, 2, 0, true),
  "length-prefixed, 3 bytes, inclusive": behind(0, 3, -3),
  "length-prefixed, 4 bytes, offset 2": behind(2, 4, 0),
  "length-prefixed, 2 bytes, offset 1, inclusive, adjusted": behind(1, 2, -6),
  "length-prefixed, 8 bytes": behind(0, 8, 0),
  "length-prefixed, 8 bytes, little, adjusted": behind(0, 8, 1, true),
  "varint-prefixed": varint,
  netstring: netstringLength,
  "json-lines": upTo("\n"),
  "a codec of one's own": (input) => (input.length < 2 ? Number.POSITIVE_INFINITY : 2 + input.readUInt8(1)),
};

/** If no comma follows the frame, its length was wrong, so that the frame cannot be skipped. */
const SKIPS: Readonly<Record<string, readonly FrameErrorCode[]>> = { netstring: [TOO_LARGE] };

/** The digits of a length over the limit. */
const EXTRA_BYTES: Readonly<Record<string, number>> = { netstring: 20 };

export const skippingSubjects: readonly (Subject & { readonly lengthOf: Length })[] = subjects.flatMap((subject) => {
  const lengthOf = LENGTHS[subject.name];
  if (lengthOf === undefined) return [];
  return [
    {
      ...subject,
      name: `${subject.name}, read past what is wrong`,
      lengthOf,
      decoder: () => new Skipping(subject.decoder()),
      reference: readPast(subject.reference, lengthOf, SKIPS[subject.name] ?? [TOO_LARGE, MALFORMED]),
      extraBytes: Math.max(subject.extraBytes, (EXTRA_BYTES[subject.name] ?? 0) - MAX),
    },
  ];
});
