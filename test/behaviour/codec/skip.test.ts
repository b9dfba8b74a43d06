// skip() drops a refused frame: the frames after it are decoded at any split, and the dropped bytes are not buffered.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  type Codec,
  type Decoder,
  defineCodec,
  delimiter,
  FrameError,
  fixed,
  jsonLines,
  layered,
  lengthPrefixed,
  lines,
  mapFrames,
  netstring,
  varintPrefixed,
} from "../../../src/codec.ts";
import { Skipping, skippingSubjects } from "./skipping.ts";
import { readInPieces } from "./subjects.ts";

const KIB = 1024;

function inBytes(input: Buffer): Buffer[] {
  return [...input.keys()].map((at) => input.subarray(at, at + 1));
}

function errorOf(call: () => unknown): FrameError {
  try {
    call();
  } catch (error) {
    if (error instanceof FrameError) return error;
    throw error;
  }
  throw new Error("nothing was thrown");
}

describe.for(skippingSubjects.map((subject) => [subject.name, subject] as const))("%s", ([, subject]) => {
  const { decoder, encode, frames, reference } = subject;
  const noise = fc.oneof(
    fc.uint8Array({ maxLength: 120 }),
    fc.array(fc.constantFrom(0, 1, 2, 10, 13, 44, 48, 49, 57, 58, 97, 98, 128, 255), { maxLength: 120 }),
  );

  test("decodes as the reference does, split at any one position or into single bytes", () => {
    fc.assert(
      fc.property(fc.array(frames, { maxLength: 2 }), noise, fc.array(frames, { maxLength: 2 }), (one, wrong, two) => {
        const encoded = (sent: readonly unknown[]): Buffer[] => sent.map((frame) => encode(frame));
        const input = Buffer.concat([...encoded(one), Buffer.from(wrong), ...encoded(two)]);
        const expected = reference(input);
        for (const place of input.keys()) {
          expect(readInPieces(decoder(), [input.subarray(0, place), input.subarray(place)])).toEqual(expected);
        }
        expect(readInPieces(decoder(), inBytes(input))).toEqual(expected);
      }),
      { numRuns: 40 },
    );
  });
});

const small = { maxFrameBytes: 8 };
/** For each codec, the bytes of a frame that it refuses. */
const REFUSED: readonly (readonly [string, Codec<unknown, never>, Buffer])[] = [
  ["a line that is too long", lines(small), Buffer.from("much too long\r\n")],
  ["a line that is not UTF-8", lines(), Buffer.from("\xff\xff\n", "latin1")],
  ["a bare LF under strict, up to the CRLF", lines({ newline: "\r\n", strict: true }), Buffer.from("MAIL\nRCPT\r\n")],
  ["a bare CR under strict", lines({ strict: true }), Buffer.from("a\rb\n")],
  ["no JSON", jsonLines(), Buffer.from("{]\n")],
  ["JSON that is too long", jsonLines(small), Buffer.from('"much too long"\n')],
  ["a part that is too long", delimiter("--", small), Buffer.from("much- too- long--")],
  ["a length", lengthPrefixed({ lengthBytes: 1, ...small }), Buffer.from("\x0Amuch too l")],
  [
    "a length with a header",
    lengthPrefixed({ offsetBytes: 1, lengthBytes: 1, ...small }),
    Buffer.from("T\x0Amuch too l"),
  ],
  ["a varint", varintPrefixed(small), Buffer.from("\x0Amuch too l")],
  ["a netstring", netstring(small), Buffer.from("10:much too l,")],
  ["a value that a mapping refuses", mapFrames(fixed(3), refusing(Buffer.from("bad"))), Buffer.from("bad")],
  [
    "a frame that a definition refuses",
    defineCodec({ name: "three", measure: () => 3, ...refusing(Buffer.from("bad")) }),
    Buffer.from("bad"),
  ],
  [
    "a frame that a definition calls too long",
    defineCodec({ name: "headed", measure: (bytes) => bytes[0], decode: String, encode: Buffer.from, ...small }),
    Buffer.from("\x09too long"),
  ],
];

function refusing(refused: Buffer): { decode(frame: Buffer): string; encode(text: string): Buffer } {
  return {
    decode(frame) {
      if (frame.equals(refused)) throw new Error("refused");
      return String(frame);
    },
    encode: (text) => Buffer.from(text),
  };
}

describe.each(REFUSED)("%s", (_, codec, refused) => {
  test("is dropped at any split, and skip() returns its length", () => {
    const stream = Buffer.concat([refused, refused]);
    for (let cut = 0; cut <= stream.length; cut++) {
      const decoder = new Skipping(codec.decoder());
      expect(readInPieces(decoder, [stream.subarray(0, cut), stream.subarray(cut)])).toEqual({
        frames: [],
        code: undefined,
      });
      expect(decoder.skipped).toEqual([refused.length, refused.length]);
      expect([decoder.bufferedBytes, decoder.rest().length]).toEqual([0, 0]);
    }
  });

  test("next() continues a skip that has begun", () => {
    const decoder = codec.decoder();
    for (const byte of inBytes(Buffer.concat([refused, refused]))) {
      decoder.push(byte);
      try {
        expect(decoder.next()).toBeUndefined();
      } catch (error) {
        expect(error).toBeInstanceOf(FrameError);
        decoder.skip?.();
        expect(decoder.next()).toBeUndefined();
      }
    }
    decoder.end();
    expect(decoder.next()).toBeUndefined();
  });
});

test("a frame of any length is dropped without being buffered", () => {
  const decoder = lengthPrefixed({ maxFrameBytes: KIB }).decoder();
  const header = Buffer.alloc(4);
  header.writeUInt32BE(64 * KIB * KIB);
  decoder.push(header);
  expect(() => decoder.next()).toThrow(FrameError);
  expect(decoder.skip?.()).toBeUndefined();
  const chunk = Buffer.alloc(64 * KIB);
  for (let sent = 0; sent < 64 * KIB * KIB; sent += chunk.length) {
    expect([decoder.skip?.(), decoder.bufferedBytes]).toEqual([undefined, 0]);
    decoder.push(chunk);
  }
  expect(decoder.skip?.()).toBe(64 * KIB * KIB + 4);
  expect([decoder.skip?.(), decoder.next(), decoder.bufferedBytes]).toEqual([0, undefined, 0]);
});

test("a line without an end is dropped as it arrives", () => {
  const decoder = lines({ maxFrameBytes: KIB, newline: "\r\n", strict: true }).decoder();
  const chunk = Buffer.alloc(4 * KIB, "\n");
  decoder.push(chunk);
  expect(() => decoder.next()).toThrow(FrameError);
  for (let round = 0; round < 1_000; round++) {
    expect(decoder.skip?.()).toBeUndefined();
    expect(decoder.bufferedBytes).toBeLessThanOrEqual(1);
    decoder.push(chunk);
  }
  decoder.push(Buffer.from("\r"));
  expect(decoder.next()).toBeUndefined();
  decoder.push(Buffer.from("\nnext\r\n"));
  expect(decoder.skip?.()).toBe(1_001 * 4 * KIB + 2);
  expect(decoder.next()).toBe("next");
});

describe("a frame that cannot be skipped", () => {
  test.each<[string, Codec<unknown, never>, Buffer]>([
    ["a length with a leading zero", netstring(), Buffer.from("05:hello,")],
    ["a netstring without its comma", netstring(), Buffer.from("5:hello;")],
    ["a length of 30 digits", netstring(), Buffer.from("123456789012345678901234567890")],
    ["a length of 2^63", lengthPrefixed({ lengthBytes: 8 }), Buffer.from([0x80, 0, 0, 0, 0, 0, 0, 0])],
    ["a length that is less than its header", lengthPrefixed({ inclusive: true }), Buffer.from([0, 0, 0, 1])],
    ["a varint of 2^63", varintPrefixed(), Buffer.concat([Buffer.alloc(9, 0x80), Buffer.of(1)])],
    ["a varint that is longer than it need be", varintPrefixed(), Buffer.of(0x81, 0)],
    [
      "a header that a definition refuses",
      defineCodec({
        name: "x",
        measure: () => {
          throw new Error("no");
        },
        decode: String,
        encode: Buffer.from,
      }),
      Buffer.from("x"),
    ],
    [
      "a header that tells no length",
      defineCodec({ name: "x", maxHeaderBytes: 1, measure: () => undefined, decode: String, encode: Buffer.from }),
      Buffer.from("x"),
    ],
  ])("%s: skip() throws with the first error as its cause, and the decoder stays failed", (_, codec, bytes) => {
    for (const pieces of [[bytes], inBytes(bytes)]) {
      const decoder = codec.decoder();
      const first = errorOf(() => {
        for (const piece of pieces) {
          decoder.push(piece);
          decoder.next();
        }
      });
      const unskippable = errorOf(() => {
        // The length may be incomplete: then only more digits show that the frame cannot be skipped.
        for (let more = 0; more < 30; more++) {
          decoder.skip?.();
          decoder.push(Buffer.from("1"));
        }
      });
      expect(unskippable.code).toBe("ERR_SOCKWRIGHT_FRAME_UNSKIPPABLE");
      expect(unskippable.cause).toBe(first);
      expect(errorOf(() => decoder.next())).toBe(first);
      expect(errorOf(() => decoder.push(bytes))).toBe(first);
      expect(errorOf(() => decoder.skip?.()).code).toBe("ERR_SOCKWRIGHT_FRAME_UNSKIPPABLE");
    }
  });

  test("a layered decoder has no skip(), and the skip() of a mapping of it throws", () => {
    const codec = layered(lengthPrefixed({ lengthBytes: 1 }), lines());
    expect(codec.decoder().skip).toBeUndefined();
    const mapped = mapFrames(codec, { decode: (line) => line, encode: (line: string) => line }).decoder();
    expect(errorOf(() => mapped.skip?.()).code).toBe("ERR_SOCKWRIGHT_FRAME_UNSKIPPABLE");
  });
});

describe("the end of the input within a skipped frame", () => {
  function skipping(codec: Codec<unknown, never>): Decoder<unknown> {
    const decoder = codec.decoder();
    decoder.push(Buffer.from("good\nmuch too long"));
    expect(decoder.next()).toBe("good");
    expect(() => decoder.next()).toThrow(FrameError);
    expect(decoder.skip?.()).toBeUndefined();
    return decoder;
  }

  test("is an error, which every later call throws", () => {
    const decoder = skipping(lines(small));
    decoder.end();
    const error = errorOf(() => decoder.next());
    expect(error).toMatchObject({ code: "ERR_SOCKWRIGHT_UNEXPECTED_END", offset: 5 });
    expect(error.message).toContain("13 bytes into the frame");
    expect(errorOf(() => decoder.next())).toBe(error);
    expect(errorOf(() => decoder.skip?.()).code).toBe("ERR_SOCKWRIGHT_UNEXPECTED_END");
  });

  test("ends the skip if the codec allows an unterminated frame", () => {
    const decoder = skipping(lines({ ...small, allowUnterminated: true }));
    decoder.end();
    expect([decoder.skip?.(), decoder.next()]).toEqual([13, undefined]);
  });
});

test("skip() returns 0 and drops nothing if no frame was refused", () => {
  const decoder = lines().decoder();
  expect(decoder.skip?.()).toBe(0);
  decoder.push(Buffer.from("one\ntwo"));
  expect([decoder.skip?.(), decoder.next(), decoder.skip?.(), decoder.bufferedBytes]).toEqual([0, "one", 0, 3]);
});

test("rest() during a skip returns the bytes not yet dropped, and the next push() begins a frame", () => {
  const decoder = lines(small).decoder();
  decoder.push(Buffer.from("much too long"));
  expect(() => decoder.next()).toThrow(FrameError);
  decoder.skip?.();
  decoder.push(Buffer.from(" is this\nnext\n"));
  expect(String(decoder.rest())).toBe(" is this\nnext\n");
  decoder.push(Buffer.from("line\n"));
  expect(decoder.next()).toBe("line");
});

test("a failed decoder decodes again after rest()", () => {
  const decoder = jsonLines().decoder();
  decoder.push(Buffer.from("oops\n[1]\n"));
  expect(() => decoder.next()).toThrow(FrameError);
  expect(String(decoder.rest())).toBe("[1]\n");
  decoder.push(Buffer.from("[2]\n"));
  expect(decoder.next()).toEqual([2]);
});

test("rest() of layered codecs, after an invalid frame that another frame follows, advises to close the connection", () => {
  const outer = lengthPrefixed({ lengthBytes: 1 });
  const decoder = layered(outer, jsonLines()).decoder();
  decoder.push(outer.encode("oops\n[1]\n"));
  const invalid = errorOf(() => decoder.next());
  const refusal = errorOf(() => decoder.rest());
  expect(refusal).toMatchObject({ code: "ERR_SOCKWRIGHT_FRAME_UNFINISHED", cause: invalid });
  expect(refusal.message).toMatch(/: the bytes .*, and its decoder has failed: close the connection$/);
  expect(errorOf(() => decoder.next())).toBe(invalid);
});

test("a layered decoder decodes again after rest(), whichever of its two decoders failed", () => {
  const outer = lengthPrefixed({ lengthBytes: 1, maxFrameBytes: 20 });
  const codec = layered(outer, jsonLines());
  const decoder = codec.decoder();
  decoder.push(Buffer.concat([outer.encode("oops\n"), Buffer.from([99])]));
  expect(() => decoder.next()).toThrow(expect.objectContaining({ code: "ERR_SOCKWRIGHT_FRAME_MALFORMED" }));
  expect([...decoder.rest()]).toEqual([99]);
  decoder.push(codec.encode([1]));
  expect(decoder.next()).toEqual([1]);
  decoder.push(Buffer.from([99]));
  expect(() => decoder.next()).toThrow(expect.objectContaining({ code: "ERR_SOCKWRIGHT_FRAME_TOO_LARGE" }));
  expect([...decoder.rest()]).toEqual([99]);
  decoder.push(codec.encode([2]));
  expect(decoder.next()).toEqual([2]);
});
