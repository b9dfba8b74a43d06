// Codecs: the error for an unknown option names it; the error for a wrong value says what it should be.
import { describe, expect, test } from "vitest";
import type {
  CodecDefinition,
  DelimiterOptions,
  FixedOptions,
  FrameMapping,
  JsonLinesOptions,
  LengthPrefixedOptions,
  LinesOptions,
  NetstringOptions,
  ProxyHeaderOptions,
  VarintPrefixedOptions,
} from "../../../src/codec.ts";
import {
  defineCodec,
  delimiter,
  fixed,
  jsonLines,
  layered,
  lengthPrefixed,
  lines,
  mapFrames,
  netstring,
  proxyHeader,
  varintPrefixed,
} from "../../../src/codec.ts";
import { expectDefaults, expectNoOtherName, expectNoOtherValue, row } from "../../support/option-table.ts";

const frame = { maxFrameBytes: [], borrow: [true] };

describe.each([
  row<LinesOptions>(
    "lines()",
    "value",
    { maxFrameBytes: [], newline: [], strict: [true], encoding: [], allowUnterminated: [true] },
    (options) => lines(options),
  ),
  row<JsonLinesOptions>(
    "jsonLines()",
    "value",
    { maxFrameBytes: [], allowBlankLines: [true], allowUnterminated: [true] },
    (options) => jsonLines(options),
  ),
  row<DelimiterOptions>("delimiter()", "value", { ...frame, allowUnterminated: [true] }, (options) =>
    delimiter("\0", options),
  ),
  row<FixedOptions>("fixed()", "value", { borrow: [true] }, (options) => fixed(4, options)),
  row<NetstringOptions>("netstring()", "value", frame, (options) => netstring(options)),
  row<ProxyHeaderOptions>("proxyHeader()", "value", { maxHeaderBytes: [], checksum: [true] }, (options) =>
    proxyHeader(options),
  ),
  row<VarintPrefixedOptions>("varintPrefixed()", "value", frame, (options) => varintPrefixed(options)),
  row<LengthPrefixedOptions>(
    "lengthPrefixed()",
    "value",
    { ...frame, lengthBytes: [], endian: [], offsetBytes: [], inclusive: [true], adjustmentBytes: [-1] },
    (options) => lengthPrefixed(options),
  ),
])("$call", (each) => {
  test("refuses every other option", () => expectNoOtherName(each));
  test("refuses every other value of an option", () => expectNoOtherValue(each));
  test("uses the default for an undefined option", () => expectDefaults(each));
});

/** Functions without types, as plain JavaScript calls them. */
type Untyped = (...given: unknown[]) => unknown;
const untyped = {
  defineCodec: defineCodec as Untyped,
  fixed: fixed as Untyped,
  layered: layered as Untyped,
  lengthPrefixed: lengthPrefixed as Untyped,
  lines: lines as Untyped,
  mapFrames: mapFrames as Untyped,
  proxyHeader: proxyHeader as Untyped,
};
const definition: CodecDefinition<Buffer, Buffer> = {
  name: "all",
  measure: (header) => header.length,
  decode: (bytes) => bytes,
  encode: (bytes) => bytes,
};
const mapping: FrameMapping<string, string, string, string> = { decode: (line) => line, encode: (line) => line };

describe("the error for an argument of the wrong type says what to write", () => {
  test.each<[what: string, make: () => unknown, told: string]>([
    ["lines(1024)", () => untyped.lines(1024), "of type object, such as { maxFrameBytes: 1024 }. Received type number"],
    ["lines({ maxFrame })", () => untyped.lines({ maxFrame: 9 }), "Did you mean maxFrameBytes?"],
    ["lines({ eol })", () => untyped.lines({ eol: "\n" }), "Did you mean newline?"],
    ["lengthPrefixed(4)", () => untyped.lengthPrefixed(4), "of type object, such as { lengthBytes: 4 }"],
    ["lengthPrefixed({ byteOrder })", () => untyped.lengthPrefixed({ byteOrder: 1 }), "Did you mean endian?"],
    ["proxyHeader(512)", () => untyped.proxyHeader(512), "of type object, such as { maxHeaderBytes: 512 }"],
    ["fixed({})", () => untyped.fixed({ frameBytes: 4 }), 'The "frameBytes" argument must be of type number'],
    [
      "layered(lines, lines)",
      () => untyped.layered(lines, lines),
      'The "outer" argument must be a codec, such as lines()',
    ],
    ["layered() of one", () => untyped.layered(fixed(1)), 'The "inner" argument must be a codec, such as lines()'],
    [
      "mapFrames(lines)",
      () => untyped.mapFrames(lines, mapping),
      'The "codec" argument must be a codec, such as lines()',
    ],
    [
      "mapFrames() of one",
      () => untyped.mapFrames(lines()),
      'The "mapping" argument must be of type object, such as {',
    ],
    ["a mapping without decode", () => untyped.mapFrames(lines(), {}), 'The "mapping.decode" argument must be of type'],
    [
      "a misspelled mapping",
      () => untyped.mapFrames(lines(), { ...mapping, decoder: 1 }),
      "The property 'mapping.decoder' is no option of mapFrames(). Did you mean decode?",
    ],
    ["defineCodec()", () => untyped.defineCodec(), 'The "definition" argument must be of type object: { name, measure'],
    [
      "a definition without measure",
      () => untyped.defineCodec({ ...definition, measure: undefined }),
      'The "definition.measure" argument must be of type function',
    ],
    [
      "a misspelled definition",
      () => untyped.defineCodec({ ...definition, maxFrame: 9 }),
      "The property 'definition.maxFrame' is no option of defineCodec(). Did you mean maxFrameBytes?",
    ],
  ])("%s", (_, make, told) => {
    expect(make).toThrow(told);
    expect(make).toThrow(TypeError);
  });

  test("a definition that is an instance of a class may have its own fields", () => {
    class Counting {
      readonly name = "counting";
      count = 0;
      measure(header: Buffer): number {
        return header.length;
      }
      decode(bytes: Buffer): number {
        return bytes.length + this.count++;
      }
      encode(count: number): Buffer {
        return Buffer.alloc(count);
      }
    }
    const codec = defineCodec<number>(new Counting());
    expect(codec.encode(3)).toHaveLength(3);
  });
});
