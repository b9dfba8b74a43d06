// Invalid options and frames that cannot be encoded are refused at once. The error names the argument, as Node's do.
import { describe, expect, test } from "vitest";
import { MAX_HEADER_BYTES } from "../../../src/codec/define-codec.ts";
import { MAX_DELIMITER_BYTES } from "../../../src/codec/delimiter.ts";
import { MAX_FRAME_BYTES } from "../../../src/codec/frame-limit.ts";
import { MAX_ADJUSTMENT_BYTES, MAX_OFFSET_BYTES } from "../../../src/codec/length-prefixed.ts";
import {
  type Codec,
  defineCodec,
  delimiter,
  fixed,
  jsonLines,
  lengthPrefixed,
  lines,
  mapFrames,
  netstring,
  varintPrefixed,
} from "../../../src/codec.ts";

const definition = {
  name: "own",
  measure: () => 1,
  decode: (frame: Buffer) => frame,
  encode: (frame: Buffer) => frame,
};

/** Makes codecs from options, which may be invalid. */
const makers: Readonly<Record<string, (options: object) => unknown>> = {
  lines,
  jsonLines,
  netstring,
  varintPrefixed,
  lengthPrefixed,
  delimiter: (options) => delimiter(";", options),
  defineCodec: (options) => defineCodec({ ...definition, ...options }),
};

describe.for(Object.entries(makers))("%s", ([, make]) => {
  test.for([[0], [-1], [1.5], [Number.NaN], [Number.POSITIVE_INFINITY], [MAX_FRAME_BYTES + 1]])(
    "refuses %s as maxFrameBytes",
    ([maxFrameBytes]) => {
      expect(() => make({ maxFrameBytes })).toThrow(expect.objectContaining({ code: "ERR_OUT_OF_RANGE" }));
    },
  );

  test("accepts only a number as maxFrameBytes", () => {
    for (const maxFrameBytes of ["10", 10n, null, true]) {
      expect(() => make({ maxFrameBytes })).toThrow(expect.objectContaining({ code: "ERR_INVALID_ARG_TYPE" }));
    }
    for (const maxFrameBytes of [undefined, 1, MAX_FRAME_BYTES]) expect(make({ maxFrameBytes })).toBeDefined();
  });
});

test.for<[string, () => unknown, string]>([
  [
    "an unknown newline",
    () => lines({ newline: "\r" as "\n" }),
    `The argument 'options.newline' must be one of '\\n', '\\r\\n'. Received '\\r'`,
  ],
  [
    "an unknown encoding",
    () => lines({ encoding: "utf16le" as "utf8" }),
    `The argument 'options.encoding' must be one of 'utf8', 'latin1'. Received 'utf16le'`,
  ],
  [
    "a number as a flag",
    () => lines({ strict: 1 as never }),
    'The "options.strict" argument must be of type boolean. Received type number (1)',
  ],
  [
    "a string as a flag",
    () => netstring({ borrow: "no" as never }),
    `The "options.borrow" argument must be of type boolean. Received type string ('no')`,
  ],
  [
    "an empty delimiter",
    () => delimiter(""),
    `The value of "end.length" is out of range. It must be >= 1 && <= ${MAX_DELIMITER_BYTES}. Received 0`,
  ],
  [
    "a long delimiter",
    () => delimiter("x".repeat(MAX_DELIMITER_BYTES + 1)),
    `The value of "end.length" is out of range. It must be >= 1 && <= ${MAX_DELIMITER_BYTES}. Received 257`,
  ],
  [
    "a delimiter that is a number",
    () => delimiter(10 as never),
    'The "end" argument must be of type string or an instance of Buffer, TypedArray, or DataView. Received type number (10)',
  ],
  [
    "frames of 0 bytes",
    () => fixed(0),
    `The value of "frameBytes" is out of range. It must be >= 1 && <= ${MAX_FRAME_BYTES}. Received 0`,
  ],
  [
    "frames of more than MAX_FRAME_BYTES",
    () => fixed(MAX_FRAME_BYTES + 1),
    `The value of "frameBytes" is out of range. It must be >= 1 && <= ${MAX_FRAME_BYTES}. Received 268435457`,
  ],
  [
    "a length of five bytes",
    () => lengthPrefixed({ lengthBytes: 5 as 4 }),
    "The argument 'options.lengthBytes' must be one of 4, 1, 2, 3, 8. Received 5",
  ],
  [
    "an unknown byte order",
    () => lengthPrefixed({ endian: "network" as "big" }),
    `The argument 'options.endian' must be one of 'big', 'little'. Received 'network'`,
  ],
  [
    "an offset below 0",
    () => lengthPrefixed({ offsetBytes: -1 }),
    `The value of "options.offsetBytes" is out of range. It must be >= 0 && <= ${MAX_OFFSET_BYTES}. Received -1`,
  ],
  [
    "an adjustment over the limit",
    () => lengthPrefixed({ adjustmentBytes: MAX_ADJUSTMENT_BYTES + 1 }),
    `The value of "options.adjustmentBytes" is out of range. It must be >= -65535 && <= 65535. Received 65536`,
  ],
  [
    "a header over the limit",
    () => lengthPrefixed({ offsetBytes: 4, maxFrameBytes: 7 }),
    'The value of "options.maxFrameBytes" is out of range. It must be >= 8, the bytes of the header. Received 7',
  ],
  [
    "a maximum header over the limit",
    () => defineCodec({ ...definition, maxHeaderBytes: MAX_HEADER_BYTES + 1 }),
    `The value of "definition.maxHeaderBytes" is out of range. It must be >= 1 && <= ${MAX_HEADER_BYTES}. Received 4097`,
  ],
  [
    "a codec without a name",
    () => defineCodec({ ...definition, name: undefined as never }),
    'The "definition.name" argument must be of type string. Received undefined',
  ],
])("%s is refused", ([, make, message]) => {
  expect(make).toThrow(expect.objectContaining({ message }));
});

test("delimiter() copies the delimiter: a later write to it changes nothing", () => {
  const end = Buffer.from(";");
  const codec = delimiter(end);
  end.fill(",");
  expect(codec.encode("a").toString()).toBe("a;");
});

describe("encode() refuses a frame that would not decode to the same value", () => {
  const strict = lines({ strict: true, newline: "\r\n" });
  const circle: { self?: unknown } = {};
  circle.self = circle;
  const wrong = defineCodec({ ...definition, measure: () => 2 });
  const throwing = defineCodec({
    ...definition,
    encode(): Buffer {
      throw new Error("cannot");
    },
  });
  const mapped = mapFrames(lines(), {
    name: "mapped",
    decode: (line) => line,
    encode(): string {
      throw new Error("cannot");
    },
  });

  test.for<[string, Codec<unknown, never>, unknown, string]>([
    ["a line with a LF", lines(), "a\nb", "lines: the line has a LF in it"],
    ["a line that ends in CR", lines(), "a\r", "lines: the line ends in a CR"],
    ["a bare CR", strict, "a\rb", "lines: the line has a CR in it"],
    ["half a surrogate pair", lines(), "a\ud800", "lines: the line has a character that utf8 does not have"],
    [
      "a character beyond Latin-1",
      lines({ encoding: "latin1" }),
      "€",
      "lines: the line has a character that latin1 does not have",
    ],
    ["a frame with its delimiter", delimiter("ab"), "xaby", "delimiter: the frame has the delimiter in it"],
    [
      "a frame whose end and the delimiter make a delimiter",
      delimiter("aa"),
      "ba",
      "delimiter: the frame has the delimiter in it",
    ],
    ["a frame of another length", fixed(2), "abc", "fixed: the frame has 3 bytes, and not 2"],
    [
      "a frame without its header",
      lengthPrefixed({ offsetBytes: 1, lengthBytes: 1 }),
      "a",
      "length-prefixed: the frame has 1 bytes, and a header 2",
    ],
    [
      "a frame with a negative length",
      lengthPrefixed({ adjustmentBytes: 2 }),
      "a",
      "length-prefixed: the frame has 1 bytes: its length would be -1",
    ],
    ["undefined", jsonLines(), undefined, "json-lines: JSON has no text for a value of type undefined"],
    ["a function", jsonLines(), () => 1, "json-lines: JSON has no text for a value of type function"],
    ["a bigint", jsonLines(), 1n, "json-lines: Do not know how to serialize a BigInt"],
    ["a wrong measure", wrong, Buffer.of(1), "own: the frame has 1 bytes, but measure() returns 2 for it"],
    ["a frame for which encode() throws", throwing, Buffer.of(1), "own: cannot"],
    ["a frame for which a mapping throws", mapped, "", "mapped: cannot"],
  ])("%s", ([, codec, frame, message]) => {
    const error = { name: "FrameError", code: "ERR_SOCKWRIGHT_FRAME_UNENCODABLE", offset: undefined, message };
    expect(() => codec.encode(frame as never)).toThrow(expect.objectContaining(error));
  });

  test("a circular value", () => {
    expect(() => jsonLines().encode(circle)).toThrow(
      expect.objectContaining({ code: "ERR_SOCKWRIGHT_FRAME_UNENCODABLE", cause: expect.any(TypeError) }),
    );
  });

  test.for<[string, Codec<unknown, never>, unknown, string]>([
    [
      "a length that needs more than 1 byte",
      lengthPrefixed({ lengthBytes: 1 }),
      "x".repeat(256),
      "length-prefixed: the length 256 needs more than 1 bytes",
    ],
    [
      "a length that needs more than 2 bytes",
      lengthPrefixed({ lengthBytes: 2, inclusive: true }),
      "x".repeat(65_534),
      "length-prefixed: the length 65536 needs more than 2 bytes",
    ],
    ["over the limit", netstring({ maxFrameBytes: 3 }), "four", "netstring: the frame has 4 bytes, more than 3"],
    ["JSON over the limit", jsonLines({ maxFrameBytes: 3 }), "ab", "json-lines: the frame has 4 bytes, more than 3"],
    ["a line over the limit in UTF-8", lines({ maxFrameBytes: 3 }), "éé", "lines: the frame has 4 bytes, more than 3"],
  ])("%s", ([, codec, frame, message]) => {
    const error = { code: "ERR_SOCKWRIGHT_FRAME_TOO_LARGE", message };
    expect(() => codec.encode(frame as never)).toThrow(expect.objectContaining(error));
  });

  test("a frame of the wrong type: TypeError", () => {
    const given: readonly [Codec<unknown, never>, unknown][] = [
      [lines(), Buffer.from("a")],
      [lines(), undefined],
      [netstring(), 5],
      [fixed(1), null],
      [delimiter(";"), {}],
      [lengthPrefixed(), [1]],
      [varintPrefixed(), new ArrayBuffer(1)],
    ];
    for (const [codec, frame] of given) {
      expect(() => codec.encode(frame as never)).toThrow(expect.objectContaining({ code: "ERR_INVALID_ARG_TYPE" }));
    }
  });
});

test.for<[string, Codec<unknown, never>, unknown, string]>([
  ["LF", lines(), "é", "c3a90a"],
  ["CRLF", lines({ newline: "\r\n", encoding: "latin1" }), "é", "e90d0a"],
  ["three bytes", lengthPrefixed({ lengthBytes: 3 }), "ab", "0000026162"],
  ["eight bytes, little", lengthPrefixed({ lengthBytes: 8, endian: "little" }), "ab", "02000000000000006162"],
  ["an inclusive length", lengthPrefixed({ lengthBytes: 2, inclusive: true }), "ab", "00046162"],
  [
    "a length filled in",
    lengthPrefixed({ lengthBytes: 2, offsetBytes: 1 }),
    Buffer.from("ff0000aabb", "hex"),
    "ff0002aabb",
  ],
  ["a varint", varintPrefixed(), "x".repeat(128), `8001${"78".repeat(128)}`],
  ["bytes of a wider array", netstring(), Uint16Array.of(0x6261), "323a61622c"],
])("the encoded bytes: %s", ([, codec, frame, hex]) => {
  expect(codec.encode(frame as never).toString("hex")).toBe(hex);
});

test("the encoded bytes belong to the caller, and encode() does not change the frame", () => {
  const frame = Buffer.from("ff0000aa", "hex");
  for (const codec of [fixed(4), lengthPrefixed({ lengthBytes: 2, offsetBytes: 1 }), netstring()]) {
    codec.encode(frame).fill(7);
    expect(frame.toString("hex")).toBe("ff0000aa");
  }
});
