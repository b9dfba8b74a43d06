import fc from "fast-check";
import { expect, test } from "vitest";
import { NEXT_PIECE, type Read, ReadAtMost, ReadExactly, ReadUntil } from "../../../../src/server/connection/read.ts";
import { ReadBuffer } from "../../../../src/server/connection/read-buffer.ts";

/** The result of a read when the bytes arrive in these pieces; the code of an error. */
function outcome(read: Read<Buffer | undefined>, pieces: readonly Uint8Array[]): string | undefined {
  const buffer = new ReadBuffer(true);
  try {
    for (const piece of pieces) {
      buffer.add(piece);
      const taken = buffer.bytes < read.wantedBytes ? undefined : read.take(buffer);
      if (taken !== undefined) return String(taken);
    }
    return read.atEnd(buffer, "ended")?.toString();
  } catch (error) {
    return error instanceof Error && "code" in error ? String(error.code) : String(error);
  }
}

function cut(bytes: Buffer, sizes: readonly number[]): Buffer[] {
  const pieces: Buffer[] = [];
  let at = 0;
  for (const size of sizes) {
    if (at < bytes.length) pieces.push(bytes.subarray(at, at + size));
    at += size;
  }
  if (at < bytes.length) pieces.push(bytes.subarray(at));
  return pieces;
}

const text = fc.string({ unit: fc.constantFrom("a", "\r", "\n"), maxLength: 30 });
const sizes = fc.array(fc.integer({ min: 1, max: 4 }));

test("readUntil and readExactly return the same result for every cut of the input", () => {
  fc.assert(
    fc.property(
      text,
      sizes,
      fc.constantFrom("\n", "\r\n", "\r\n\r\n"),
      fc.integer({ min: 1, max: 40 }),
      (all, by, end, n) => {
        const bytes = Buffer.from(all);
        const at = all.indexOf(end);
        const isFound = at >= 0 && at + end.length <= n;
        const none = all === "" ? undefined : "ERR_SOCKWRIGHT_UNEXPECTED_END";
        const expected = isFound ? all.slice(0, at + end.length) : all.length >= n ? "ERR_SOCKWRIGHT_TOO_LONG" : none;
        expect(outcome(new ReadUntil(Buffer.from(end), n), cut(bytes, by))).toBe(expected);
        const exactly = all.length < n ? "ERR_SOCKWRIGHT_UNEXPECTED_END" : all.slice(0, n);
        expect(outcome(new ReadExactly(n), cut(bytes, by))).toBe(exactly);
      },
    ),
  );
});

test("a read without a size returns the first piece; one with a size returns at most that many bytes of it", () => {
  const pieces = [Buffer.from("one"), Buffer.from("two")];
  expect(outcome(NEXT_PIECE, pieces)).toBe("one");
  expect(outcome(new ReadAtMost(2), pieces)).toBe("on");
  expect(outcome(new ReadAtMost(10), pieces)).toBe("one");
  expect(outcome(NEXT_PIECE, [])).toBeUndefined();
  expect(outcome(new ReadAtMost(10), [])).toBeUndefined();
});

test("an empty record is a value, not the end of the stream", () => {
  expect(outcome(NEXT_PIECE, [Buffer.alloc(0), Buffer.from("one")])).toBe("");
});
