// Invalid streams: the error, its offset and its message are the same at every split, after the frames before it.
import { describe, expect, test } from "vitest";
import { DEFAULT_MAX_HEADER_BYTES } from "../../../src/codec/define-codec.ts";
import {
  type Codec,
  defineCodec,
  delimiter,
  FrameError,
  type FrameErrorCode,
  fixed,
  jsonLines,
  layered,
  lengthPrefixed,
  lines,
  mapFrames,
  netstring,
  varintPrefixed,
} from "../../../src/codec.ts";
import { owned } from "./subjects.ts";

interface Fault {
  readonly what: string;
  readonly codec: Codec<unknown, never>;
  readonly input: string | readonly number[];
  /** The number of valid frames before it. */
  readonly before: number;
  readonly code: FrameErrorCode;
  readonly message: string;
}

const small = { maxFrameBytes: 3 };
const TOO_LARGE = "ERR_SOCKWRIGHT_FRAME_TOO_LARGE";
const MALFORMED = "ERR_SOCKWRIGHT_FRAME_MALFORMED";
const END = "ERR_SOCKWRIGHT_UNEXPECTED_END";

function fault(
  what: string,
  codec: Codec<unknown, never>,
  input: string | readonly number[],
  before: number,
  code: FrameErrorCode,
  message: string,
): Fault {
  return { what, codec, input, before, code, message };
}

const ofTwo = defineCodec({
  name: "of two",
  measure(header) {
    if (header[0] === 9) throw new Error("nine");
    return header[0] === 1 ? undefined : 2;
  },
  decode(frame) {
    if (frame[1] === 9) throw new Error("late nine");
    return frame;
  },
  encode: (frame: Buffer) => frame,
});

const faults: readonly Fault[] = [
  fault("a line over the limit", lines(small), "abc\nabcd\n", 1, TOO_LARGE, "lines, byte 4: the frame has more than 3"),
  fault("a line without end", lines(small), "abcde", 0, TOO_LARGE, "lines, byte 0: the frame has more than 3"),
  fault("a line that is cut short", lines(), "a\nbc", 1, END, "lines, byte 2: the input ended 2 bytes into the frame"),
  fault("a CR at the end", lines(small), "abc\r", 0, END, "lines, byte 0: the input ended 4 bytes into the frame"),
  fault(
    "an unterminated line over the limit",
    lines({ ...small, allowUnterminated: true }),
    "abcd",
    0,
    TOO_LARGE,
    "lines, byte 0: the frame has more than 3",
  ),
  fault("a byte that is no UTF-8", lines(), [97, 10, 0xff, 10], 1, MALFORMED, "lines, byte 2: the line is not UTF-8"),
  fault("a surrogate in UTF-8", lines(), [0xed, 0xa0, 0x80, 10], 0, MALFORMED, "lines, byte 0: the line is not UTF-8"),
  fault("an overlong form", lines(), [0xc0, 0xaf, 10], 0, MALFORMED, "lines, byte 0: the line is not UTF-8"),
  fault(
    "a character cut by the line's end",
    lines(),
    [0xc3, 10, 0xa9, 10],
    0,
    MALFORMED,
    "lines, byte 0: the line is not UTF-8",
  ),
  fault(
    "a bare CR",
    lines({ strict: true, newline: "\r\n" }),
    "a\r\nb\rc\r\n",
    1,
    MALFORMED,
    "lines, byte 3: a CR without a LF after it",
  ),
  fault(
    "a bare LF",
    lines({ strict: true, newline: "\r\n" }),
    "a\nb\r\n",
    0,
    MALFORMED,
    "lines, byte 0: a LF without a CR before it",
  ),
  fault(
    "a CRLF where LF is the end",
    lines({ strict: true }),
    "a\r\n",
    0,
    MALFORMED,
    "lines, byte 0: a CR without a LF after it",
  ),
  fault(
    "a line over the limit that ends in a bare LF",
    lines({ ...small, strict: true, newline: "\r\n" }),
    "abcde\n",
    0,
    TOO_LARGE,
    "lines, byte 0: the frame has more than 3",
  ),
  fault(
    "a bare CR at the end",
    lines({ strict: true, newline: "\r\n", allowUnterminated: true }),
    "a\r",
    0,
    MALFORMED,
    "lines, byte 0: a CR without a LF after it",
  ),
  fault(
    "frames over the limit",
    delimiter("ab", small),
    "xxxabxxxxab",
    1,
    TOO_LARGE,
    "delimiter, byte 5: the frame has more than 3",
  ),
  fault(
    "a frame without end",
    delimiter("ab", small),
    "xxxxx",
    0,
    TOO_LARGE,
    "delimiter, byte 0: the frame has more than 3",
  ),
  fault(
    "half a delimiter at the end",
    delimiter("ab", small),
    "xxxa",
    0,
    END,
    "delimiter, byte 0: the input ended 4 bytes into the frame",
  ),
  fault("part of a fixed frame", fixed(2), "abc", 1, END, "fixed, byte 2: the input ended 1 bytes into the frame"),
  fault(
    "a netstring over the limit",
    netstring(small),
    "1:a,4:",
    1,
    TOO_LARGE,
    "netstring, byte 4: the frame has more than 3",
  ),
  fault(
    "a giant length",
    netstring(),
    "99999999999999999999:",
    0,
    TOO_LARGE,
    "netstring, byte 0: the frame has more than 65536",
  ),
  fault("a leading zero", netstring(), "01:a,", 0, MALFORMED, "netstring, byte 0: the length begins with a zero"),
  fault("two zeros", netstring(), "00:,", 0, MALFORMED, "netstring, byte 0: the length begins with a zero"),
  fault("no length", netstring(), ":,", 0, MALFORMED, "netstring, byte 0: 0x3a in the place of a length"),
  fault("a sign", netstring(), "-1:a,", 0, MALFORMED, "netstring, byte 0: 0x2d in the place of a length"),
  fault("a space", netstring(), "1 :a,", 0, MALFORMED, "netstring, byte 0: 0x20 in the place of a length"),
  fault("another comma", netstring(), "0:,1:ab", 1, MALFORMED, "netstring, byte 3: 0x62 in the place of the comma"),
  fault(
    "a netstring without its comma",
    netstring(),
    "1:a",
    0,
    END,
    "netstring, byte 0: the input ended 3 bytes into the frame",
  ),
  fault(
    "a length without a netstring",
    netstring(),
    "12",
    0,
    END,
    "netstring, byte 0: the input ended 2 bytes into the frame",
  ),
  fault(
    "a length over the limit",
    lengthPrefixed(small),
    [0, 0, 0, 0, 0, 0, 0, 4],
    1,
    TOO_LARGE,
    "length-prefixed, byte 4: the frame has 4 bytes, more than 3",
  ),
  fault(
    "the highest length",
    lengthPrefixed({ lengthBytes: 8 }),
    Array(8).fill(255),
    0,
    TOO_LARGE,
    "length-prefixed, byte 0: the frame has 18446744073709551615 bytes, more than 65536",
  ),
  fault(
    "2^53 + 1, little",
    lengthPrefixed({ lengthBytes: 8, endian: "little" }),
    [1, 0, 0, 0, 0, 0, 32, 0],
    0,
    TOO_LARGE,
    "length-prefixed, byte 0: the frame has 9007199254740993 bytes, more than 65536",
  ),
  fault(
    "3 bytes",
    lengthPrefixed({ lengthBytes: 3 }),
    [1, 0, 0],
    0,
    END,
    "length-prefixed, byte 0: the input ended 3 bytes into the frame",
  ),
  fault(
    "3 bytes over the limit",
    lengthPrefixed({ lengthBytes: 3 }),
    [1, 0, 1],
    0,
    TOO_LARGE,
    "length-prefixed, byte 0: the frame has 65537 bytes, more than 65536",
  ),
  fault(
    "a frame that is over the limit with its header",
    lengthPrefixed({ offsetBytes: 2, lengthBytes: 1, maxFrameBytes: 5 }),
    [7, 7, 2, 1, 1, 7, 7, 3],
    1,
    TOO_LARGE,
    "length-prefixed, byte 5: the frame has 6 bytes, more than 5",
  ),
  fault(
    "less than the header",
    lengthPrefixed({ inclusive: true }),
    [0, 0, 0, 4, 0, 0, 0, 3],
    1,
    MALFORMED,
    "length-prefixed, byte 4: the length is 3, less than 4",
  ),
  fault(
    "a length of zero that should count the header",
    lengthPrefixed({ lengthBytes: 2, inclusive: true }),
    [0, 0],
    0,
    MALFORMED,
    "length-prefixed, byte 0: the length is 0, less than 2",
  ),
  fault(
    "less than the adjustment",
    lengthPrefixed({ lengthBytes: 1, adjustmentBytes: -2 }),
    [1],
    0,
    MALFORMED,
    "length-prefixed, byte 0: the length is 1, less than 2",
  ),
  fault(
    "part of a header",
    lengthPrefixed(),
    [0, 0, 0],
    0,
    END,
    "length-prefixed, byte 0: the input ended 3 bytes into the frame",
  ),
  fault(
    "part of a frame",
    lengthPrefixed({ lengthBytes: 1 }),
    [2, 1],
    0,
    END,
    "length-prefixed, byte 0: the input ended 2 bytes into the frame",
  ),
  fault(
    "a varint over the limit",
    varintPrefixed(small),
    [0, 4],
    1,
    TOO_LARGE,
    "varint-prefixed, byte 1: the frame has 4 bytes, more than 3",
  ),
  fault(
    "the highest varint",
    varintPrefixed(),
    [...Array(9).fill(255), 1],
    0,
    TOO_LARGE,
    "varint-prefixed, byte 0: the frame has 18446744073709551615 bytes, more than 65536",
  ),
  fault(
    "a varint of 65 bits",
    varintPrefixed(),
    [...Array(9).fill(255), 2],
    0,
    MALFORMED,
    "varint-prefixed, byte 0: the length has more than 64 bits",
  ),
  fault(
    "a varint without end",
    varintPrefixed(),
    Array(20).fill(128),
    0,
    MALFORMED,
    "varint-prefixed, byte 0: the length has more than 64 bits",
  ),
  fault(
    "a varint with a group too many",
    varintPrefixed(),
    [0x81, 0],
    0,
    MALFORMED,
    "varint-prefixed, byte 0: the length has 2 bytes, and fewer would do",
  ),
  fault(
    "zero as two bytes",
    varintPrefixed(),
    [0, 0x80, 0],
    1,
    MALFORMED,
    "varint-prefixed, byte 1: the length has 2 bytes, and fewer would do",
  ),
  fault(
    "part of a varint",
    varintPrefixed(),
    [0x80],
    0,
    END,
    "varint-prefixed, byte 0: the input ended 1 bytes into the frame",
  ),
  fault("no JSON", jsonLines(), "1\n{\n", 1, MALFORMED, "json-lines, byte 2: "),
  fault("a blank line", jsonLines(), "1\n\n", 1, MALFORMED, "json-lines, byte 2: "),
  fault(
    "JSON over the limit",
    jsonLines(small),
    "1234\n",
    0,
    TOO_LARGE,
    "json-lines, byte 0: the frame has more than 3",
  ),
  fault(
    "JSON that is no UTF-8",
    jsonLines(),
    [34, 0xff, 34, 10],
    0,
    MALFORMED,
    "json-lines, byte 0: the line is not UTF-8",
  ),
  fault("JSON with a byte order mark", jsonLines(), [0xef, 0xbb, 0xbf, 49, 10], 0, MALFORMED, "json-lines, byte 0: "),
  fault(
    "JSON that is cut short",
    jsonLines(),
    "12",
    0,
    END,
    "json-lines, byte 0: the input ended 2 bytes into the frame",
  ),
  fault(
    "JSON behind blank lines",
    jsonLines({ allowBlankLines: true }),
    "\n \n1\n\n{\n",
    1,
    MALFORMED,
    "json-lines, byte 6: ",
  ),
  fault("a measure that throws", ofTwo, [0, 0, 9], 1, MALFORMED, "of two, byte 2: nine"),
  fault("a decode that throws", ofTwo, [0, 0, 0, 9], 1, MALFORMED, "of two, byte 2: late nine"),
  fault(
    "a header that does not say",
    ofTwo,
    Array(DEFAULT_MAX_HEADER_BYTES).fill(1),
    0,
    MALFORMED,
    "of two, byte 0: the first 256 bytes do not tell its length",
  ),
  fault(
    "a header that says so too late",
    defineCodec({
      name: "headed",
      maxHeaderBytes: 4,
      measure: (header) => (header.includes(";") ? 8 : undefined),
      decode: (frame) => frame,
      encode: (frame: Buffer) => frame,
    }),
    "aaa;aaaaaaaa;aaa",
    1,
    MALFORMED,
    "headed, byte 8: the first 4 bytes do not tell its length",
  ),
  fault(
    "an outer frame",
    layered(lengthPrefixed({ lengthBytes: 1, ...small }), lines()),
    [3, 97, 10, 98, 4],
    1,
    TOO_LARGE,
    "length-prefixed, byte 4: the frame has 4 bytes, more than 3",
  ),
  fault(
    "an inner frame",
    layered(lengthPrefixed({ lengthBytes: 1 }), lines(small)),
    [2, 97, 10, 3, 98, 98, 98, 2, 98, 98],
    1,
    TOO_LARGE,
    "lines, byte 2: the frame has more than 3",
  ),
  fault(
    "the end of an inner frame",
    layered(lengthPrefixed({ lengthBytes: 1 }), lines()),
    [1, 97],
    0,
    END,
    "lines, byte 0: the input ended 1 bytes into the frame",
  ),
];

/** Pushes the pieces and ends the input; returns the frames and the error that the decoder throws. */
function attempt(codec: Codec<unknown, never>, pieces: readonly Uint8Array[]): { frames: unknown[]; error: unknown } {
  const decoder = codec.decoder();
  const frames: unknown[] = [];
  try {
    for (const piece of [...pieces, undefined]) {
      if (piece === undefined) decoder.end();
      else decoder.push(piece);
      for (let frame = decoder.next(); frame !== undefined; frame = decoder.next()) frames.push(owned(frame));
    }
    return { frames, error: undefined };
  } catch (error) {
    // The decoder has failed and throws the same error again.
    expect(() => decoder.next()).toThrow(error as Error);
    expect(() => decoder.push(Buffer.of(1))).toThrow(error as Error);
    return { frames, error };
  }
}

test.for(faults.map((each) => [each.codec.name, each.what, each] as const))("%s: %s", ([, , wrong]) => {
  const input = typeof wrong.input === "string" ? Buffer.from(wrong.input) : Buffer.from(wrong.input);
  const offset = Number(/ byte (\d+)/.exec(wrong.message)?.[1]);
  const ways = [[input], [...input].map((byte) => Buffer.of(byte))];
  for (const place of input.keys()) ways.push([input.subarray(0, place), input.subarray(place)]);
  for (const pieces of ways) {
    const { frames, error } = attempt(wrong.codec, pieces);
    expect(error).toBeInstanceOf(FrameError);
    expect(error).toMatchObject({ name: "FrameError", code: wrong.code, offset });
    // The message of JSON.parse differs between versions of Node.
    if (wrong.message.endsWith(": ")) expect(String(error)).toContain(wrong.message);
    else expect(error).toHaveProperty("message", wrong.message);
    expect(frames).toHaveLength(wrong.before);
  }
});

describe("valid input, up to the limits", () => {
  test.for<[string, Codec<unknown, never>, string | number[], unknown[]]>([
    ["a line", lines(small), "abc\nabc\r\n\n\r\n", ["abc", "abc", "", ""]],
    ["CR within a line, and two at its end", lines(), "a\rb\n\r\r\n", ["a\rb", "\r"]],
    ["an unterminated line", lines({ ...small, allowUnterminated: true }), "abc", ["abc"]],
    ["an unterminated line that ends in CR", lines({ ...small, allowUnterminated: true }), "abc\r", ["abc"]],
    ["U+FFFD itself, and a byte order mark", lines(), "\ufffd\n\ufeffa\n", ["\ufffd", "\ufeffa"]],
    ["an unterminated frame", delimiter("ab", { ...small, allowUnterminated: true }), "xxx", [Buffer.from("xxx")]],
    ["a delimited frame", delimiter("ab", small), "xxxab", [Buffer.from("xxx")]],
    ["a netstring", netstring(small), "3:abc,0:,", [Buffer.from("abc"), Buffer.of()]],
    ["a length of zero", lengthPrefixed(small), [0, 0, 0, 0], [Buffer.of()]],
    ["a length of nothing but the header", lengthPrefixed({ inclusive: true }), [0, 0, 0, 4], [Buffer.of()]],
    ["a varint", varintPrefixed(small), [3, 1, 2, 3, 0], [Buffer.of(1, 2, 3), Buffer.of()]],
    ["blank lines that are allowed", jsonLines({ allowBlankLines: true }), "\n1\r\n \r\nnull\n", [1, null]],
    ["JSON in an unterminated line", jsonLines({ allowUnterminated: true }), "1\n2", [1, 2]],
  ])("%s", ([, codec, input, frames]) => {
    const bytes = typeof input === "string" ? Buffer.from(input) : Buffer.from(input);
    expect(attempt(codec, [bytes])).toEqual({ frames, error: undefined });
    expect(
      attempt(
        codec,
        [...bytes].map((byte) => Buffer.of(byte)),
      ),
    ).toEqual({ frames, error: undefined });
  });
});

describe("the cause", () => {
  test("of invalid JSON is the SyntaxError", () => {
    expect(attempt(jsonLines(), [Buffer.from("{\n")]).error).toHaveProperty("cause", expect.any(SyntaxError));
  });

  test("of an error in a mapping is the thrown error; a FrameError is thrown unchanged", () => {
    const own = new Error("no number");
    const failing = (error: Error): Codec<unknown, never> =>
      mapFrames(lines(), {
        name: "numbers",
        decode() {
          throw error;
        },
        encode: (text: string) => text,
      });
    const { error } = attempt(failing(own), [Buffer.from("x\n")]);
    expect(error).toMatchObject({
      code: MALFORMED,
      codec: "numbers",
      cause: own,
      message: "numbers, byte 0: no number",
    });
    const framed = attempt(lines(small), [Buffer.from("abcd\n")]).error;
    expect(attempt(failing(framed as Error), [Buffer.from("x\n")]).error).toBe(framed);
  });
});

test.for([[0], [-1], [1.5], [Number.NaN], ["2"]])("measure() may not return %s", ([length]) => {
  const codec = defineCodec<Buffer>({
    name: "wrong",
    measure: () => length as number,
    decode: (frame) => frame,
    encode: (frame) => frame,
  });
  const { error } = attempt(codec, [Buffer.of(1)]);
  expect(error).not.toBeInstanceOf(FrameError);
  expect(String(error)).toContain('"measure()"');
});
