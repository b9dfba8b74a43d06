import fc from "fast-check";
import { expect, test } from "vitest";
import { JOINED_BYTES, ReadBuffer } from "../../../../src/server/connection/read-buffer.ts";

/** The operations on a read buffer: add bytes, or take them in one of three ways. */
const steps = fc.array(
  fc.oneof(
    fc.record({ kind: fc.constant("add"), count: fc.integer({ min: 1, max: JOINED_BYTES + 1 }) }),
    fc.record({ kind: fc.constantFrom("shift", "indexOf"), count: fc.constant(0) }),
    fc.record({ kind: fc.constant("take"), count: fc.integer({ min: 1, max: JOINED_BYTES }) }),
  ),
  { maxLength: 30 },
);

/** Bytes of a stream; the value of each byte depends on its position. */
function numbered(from: number, count: number): Buffer {
  return Buffer.from(Array.from({ length: count }, (_, at) => (from + at) % 251));
}

test("the read buffer of a stream returns each added byte once and in order", () => {
  fc.assert(
    fc.property(steps, (all) => {
      const buffer = new ReadBuffer(false);
      let added = 0;
      let taken = 0;
      const expectNext = (bytes: Buffer = Buffer.alloc(0)): void => {
        expect(bytes.equals(numbered(taken, bytes.length))).toBe(true);
        taken += bytes.length;
      };
      for (const { kind, count } of all) {
        if (kind === "add") {
          buffer.add(numbered(added, count));
          added += count;
        } else if (kind === "shift") expectNext(buffer.shift());
        else if (kind === "indexOf") expect(buffer.indexOf(Buffer.of(255), 0)).toBe(-1);
        else expectNext(buffer.take(Math.min(count, buffer.bytes)));
        expect(buffer.bytes).toBe(added - taken);
      }
      for (let piece = buffer.shift(); piece !== undefined; piece = buffer.shift()) expectNext(piece);
      expect(taken).toBe(added);
    }),
  );
});

test("the read buffer does not join records", () => {
  const buffer = new ReadBuffer(true);
  for (const record of ["a", "", "bc"]) buffer.add(Buffer.from(record));
  expect([buffer.shift(), buffer.shift(), buffer.shift(), buffer.shift()].map((record) => record?.toString())).toEqual([
    "a",
    "",
    "bc",
    undefined,
  ]);
});
