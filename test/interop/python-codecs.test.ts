// Python reads what Sockwright writes, with readline, struct and json, and the reverse.
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { type Codec, delimiter, jsonLines, lengthPrefixed, lines, netstring, varintPrefixed } from "../../src/codec.ts";
import { requireTool } from "../support/tools.ts";

const program = fileURLToPath(new URL("../tools/frames.py", import.meta.url));

/** The output of a Python program for its input. */
function answer(python: string, args: readonly string[], input: Buffer): Buffer {
  const { status, stdout, stderr } = spawnSync(python, ["-B", program, ...args], { input, timeout: 20_000 });
  expect({ status, stderr: stderr.toString() }).toEqual({ status: 0, stderr: "" });
  return stdout;
}

/** The frames of an input that arrives seven bytes at a time. */
function framesOf<T>(codec: Codec<T, never>, input: Buffer): T[] {
  const decoder = codec.decoder();
  const frames: T[] = [];
  for (let at = 0; at < input.length; at += 7) {
    decoder.push(input.subarray(at, at + 7));
    for (let frame = decoder.next(); frame !== undefined; frame = decoder.next()) frames.push(frame);
  }
  decoder.end();
  expect(decoder.next()).toBeUndefined();
  return frames;
}

const texts = ["hello", "", "naïve 你好 🙂", " with spaces ", "x".repeat(300), "last"];

function reversed(text: string): string {
  return [...text].reverse().join("");
}

test.for<[string, string, Codec<string>]>([
  ["LF", "\\n", lines()],
  ["CRLF", "\\r\\n", lines({ newline: "\r\n" })],
  ["CRLF and nothing else", "\\r\\n", lines({ newline: "\r\n", strict: true })],
])("lines that end with %s", ([, ending, codec], context) => {
  const input = Buffer.concat(texts.map((text) => codec.encode(text)));
  const output = answer(requireTool(context, "python3"), ["lines", ending], input);
  expect(framesOf(codec, output)).toEqual(texts.map(reversed));
});

const blobs = [
  Buffer.of(),
  Buffer.from([0, 1, 2, 10, 13, 44, 58, 255]),
  Buffer.alloc(127, 1),
  Buffer.alloc(128, 2),
  Buffer.alloc(255, 3),
];
const long = Buffer.from(Array.from({ length: 40_000 }, (_, index) => index % 251));

test.for<[string, string[], Codec<Buffer>, Buffer[]]>([
  ["struct >B", ["length_prefixed", ">B"], lengthPrefixed({ lengthBytes: 1 }), blobs],
  ["struct >H", ["length_prefixed", ">H"], lengthPrefixed({ lengthBytes: 2 }), [...blobs, long]],
  ["struct <H", ["length_prefixed", "<H"], lengthPrefixed({ lengthBytes: 2, endian: "little" }), [...blobs, long]],
  ["struct >I", ["length_prefixed", ">I"], lengthPrefixed(), [...blobs, long]],
  ["struct <I", ["length_prefixed", "<I"], lengthPrefixed({ endian: "little" }), [...blobs, long]],
  ["struct >Q", ["length_prefixed", ">Q"], lengthPrefixed({ lengthBytes: 8 }), [...blobs, long]],
  ["struct <Q", ["length_prefixed", "<Q"], lengthPrefixed({ lengthBytes: 8, endian: "little" }), [...blobs, long]],
  ["varints", ["varint_prefixed"], varintPrefixed(), [...blobs, long]],
  ["netstrings", ["netstrings"], netstring(), [...blobs, long]],
  ["a zero byte behind each", ["delimited"], delimiter("\0"), texts.map((text) => Buffer.from(text, "latin1"))],
])("bytes after %s", ([, args, codec, frames], context) => {
  const input = Buffer.concat(frames.map((frame) => codec.encode(frame)));
  const output = answer(requireTool(context, "python3"), args, input);
  expect(framesOf(codec, output)).toEqual(frames.map((frame) => Buffer.from(frame).reverse()));
});

test("JSON lines", (context) => {
  const codec = jsonLines();
  const values = [null, true, 0, -1.5, "", "naïve 你好 🙂 \n\r\u2028", [], [1, [2]], {}, { a: { b: "c" } }];
  const input = Buffer.concat(values.map((value) => codec.encode(value)));
  const output = answer(requireTool(context, "python3"), ["json_lines"], input);
  expect(framesOf(codec, output)).toEqual(values.map((got) => ({ got })));
});
