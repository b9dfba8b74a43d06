// encodeInto() writes the same bytes that encode() returns.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { lines } from "../../../src/codec.ts";

const codecs = [
  ["LF", lines({ maxFrameBytes: 40 })],
  ["CRLF", lines({ maxFrameBytes: 40, newline: "\r\n" })],
  ["strict", lines({ maxFrameBytes: 40, strict: true })],
  ["Latin-1", lines({ maxFrameBytes: 40, encoding: "latin1" })],
] as const;

/** Returns the result of `make`, or the text of the error that it throws. */
function outcome(make: () => Buffer): unknown {
  try {
    return make();
  } catch (error) {
    return String(error);
  }
}

describe.for(codecs)("lines, %s", ([, codec]) => {
  // The units include lone surrogates, CR and LF; encodeInto() refuses them with the same message as encode().
  const line = fc.oneof(
    fc.string({ unit: "grapheme", maxLength: 50 }),
    fc.string({ unit: fc.constantFrom("a", "é", "€", "\u{1f600}", "\ud800", "\r", "\n"), maxLength: 6 }),
  );

  test("encodeInto() gives the bytes or the error of encode() and changes no byte around them", () => {
    fc.assert(
      fc.property(line, fc.nat(9), (text, at) => {
        const memory = Buffer.alloc(400, 0xaa);
        const written = outcome(() => memory.subarray(at, at + (codec.encodeInto?.(text, memory, at) ?? 0)));
        const expected = outcome(() => codec.encode(text));
        expect(written).toEqual(expected);
        expect(memory.subarray(0, at).every((byte) => byte === 0xaa)).toBe(true);
        if (expected instanceof Buffer) {
          expect(memory.subarray(at + expected.length).every((byte) => byte === 0xaa)).toBe(true);
        }
      }),
    );
  });

  test("encodeInto() returns undefined and writes nothing if the memory may be too short", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme", maxLength: 10 }), fc.nat(60), (text, length) => {
        const memory = Buffer.alloc(length, 0xaa);
        const bytes = codec.encodeInto?.(text.replaceAll(/[\r\n]/g, "_").replaceAll(/[^\0-\xff]/g, "é"), memory, 0);
        if (bytes === undefined) expect(memory.every((byte) => byte === 0xaa)).toBe(true);
        else expect(bytes).toBeLessThanOrEqual(length);
      }),
    );
    expect(codec.encodeInto?.("€".repeat(5), Buffer.alloc(14), 0)).toBeUndefined();
  });
});
