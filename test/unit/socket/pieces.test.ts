import { expect, test } from "vitest";
import { BYTE_UNITS } from "../../../src/socket/byte-units.ts";
import { Pieces } from "../../../src/socket/pieces.ts";

/** Bytes of the given value, which do not end a line. */
function bytes(count: number, value = 0x61): Buffer {
  return Buffer.alloc(count, value);
}

test("single bytes are joined: a line of 100 000 one-byte pieces is found and taken whole", () => {
  const joins: number[] = [];
  const units = {
    ...BYTE_UNITS,
    join: (parts: readonly Buffer[]): Buffer => {
      joins.push(parts.length);
      return BYTE_UNITS.join(parts);
    },
  };
  const pieces = new Pieces(units);
  for (let count = 0; count < 100_000; count++) {
    pieces.push(bytes(1));
    if (pieces.lineEnd() !== -1) throw new Error("a line that has no end");
  }
  pieces.push(Buffer.from("\nrest"));
  const end = pieces.lineEnd();
  expect(end).toBe(100_001);
  joins.length = 0;
  expect(pieces.takeUnits(end)).toEqual(Buffer.concat([bytes(100_000), Buffer.from("\n")]));
  // Blocks of 4 KiB, and at the end halves, quarters … of one.
  expect(joins[0]).toBeLessThan(40);
  expect(String(pieces.peek())).toBe("rest");
});

test.each([1, 2, 3, 5, 7, 64, 1_000, 3_000])(
  "lines are the same in pieces of %d bytes, whatever is taken in between",
  (size) => {
    const text = Buffer.concat(
      Array.from({ length: 60 }, (_, index) => Buffer.from(`${"x".repeat((index * 37) % 211)}\n`)),
    );
    const pieces = new Pieces(BYTE_UNITS);
    const lines: string[] = [];
    for (let at = 0; at < text.length; at += size) {
      pieces.push(text.subarray(at, at + size));
      for (let end = pieces.lineEnd(); end >= 0; end = pieces.lineEnd()) {
        // In two parts, so that the first one ends within a piece.
        const half = Math.floor(end / 2);
        const first = String(pieces.takeUnits(half));
        expect(pieces.lineEnd()).toBe(end - half);
        lines.push(first + String(pieces.takeUnits(end - half)));
      }
    }
    expect(lines.join("")).toBe(String(text));
    expect([pieces.count, pieces.bytes, pieces.isEmpty]).toEqual([0, 0, true]);
  },
);
