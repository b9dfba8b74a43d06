// However a stream is cut, the frames are the same, and so is what is wrong with it.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { owned, readInPieces, type Subject, subjects, takeAll } from "./subjects.ts";

/** An input cut at these places. */
function cutAt(input: Buffer, places: readonly number[]): Buffer[] {
  const ordered = [...new Set(places.filter((place) => place > 0 && place < input.length))].sort((a, b) => a - b);
  return [0, ...ordered].map((from, index) => input.subarray(from, ordered[index] ?? input.length));
}

function encodeAll({ encode }: Subject, frames: readonly unknown[]): Buffer {
  return Buffer.concat(frames.map((frame) => encode(frame)));
}

/** Every whole number is a place in an input of any length. */
const places = fc.array(fc.nat(), { maxLength: 12 });

describe.for(subjects.map((subject) => [subject.name, subject] as const))("%s", ([, subject]) => {
  const { decoder, encode, frames, reference } = subject;

  test("what is encoded is decoded the same", () => {
    fc.assert(
      fc.property(frames, (frame) => {
        expect(readInPieces(decoder(), [encode(frame)])).toEqual({ frames: [frame], code: undefined });
      }),
    );
  });

  test("at random cuts, and byte by byte", () => {
    fc.assert(
      fc.property(fc.array(frames, { maxLength: 12 }), places, (sent, cuts) => {
        const input = encodeAll(subject, sent);
        const expected = { frames: sent, code: undefined };
        const pieces = cutAt(
          input,
          cuts.map((cut) => cut % (input.length + 1)),
        );
        expect(readInPieces(decoder(), pieces)).toEqual(expected);
        expect(readInPieces(decoder(), cutAt(input, [...input.keys()]))).toEqual(expected);
      }),
    );
  });

  test("at every single cut", () => {
    fc.assert(
      fc.property(fc.array(frames, { minLength: 1, maxLength: 4 }), (sent) => {
        const input = encodeAll(subject, sent);
        for (const place of input.keys()) {
          expect(readInPieces(decoder(), cutAt(input, [place]))).toEqual({ frames: sent, code: undefined });
        }
      }),
      { numRuns: 20 },
    );
  });

  test("what is no such stream reads as in the reference, at every single cut and byte by byte", () => {
    const inputs = fc.oneof(
      fc.uint8Array({ maxLength: 60 }),
      // Bytes that mean something to most of the codecs.
      fc.array(fc.constantFrom(0, 1, 2, 10, 13, 44, 48, 49, 57, 58, 97, 98, 128, 255), { maxLength: 60 }),
    );
    fc.assert(
      fc.property(fc.array(frames, { maxLength: 2 }), inputs, (sent, noise) => {
        const input = Buffer.concat([encodeAll(subject, sent), Buffer.from(noise)]);
        const expected = reference(input);
        for (const place of input.keys()) {
          expect(readInPieces(decoder(), cutAt(input, [place]))).toEqual(expected);
        }
        expect(readInPieces(decoder(), cutAt(input, [...input.keys()]))).toEqual(expected);
      }),
      { numRuns: 40 },
    );
  });

  test("for a reader that takes few frames at a time, and keeps the rest", () => {
    fc.assert(
      fc.property(
        fc.array(frames, { minLength: 1, maxLength: 12 }),
        places,
        fc.array(fc.nat(2), { minLength: 1 }),
        (sent, cuts, wants) => {
          const input = encodeAll(subject, sent);
          const reading = decoder();
          const taken: unknown[] = [];
          const pieces = cutAt(
            input,
            cuts.map((cut) => cut % (input.length + 1)),
          );
          for (const [index, piece] of pieces.entries()) {
            const lent = Buffer.from(piece);
            reading.push(lent);
            for (let want = wants[index % wants.length] ?? 0; want > 0; want--) {
              const frame = reading.next();
              if (frame !== undefined) taken.push(owned(frame));
            }
            reading.keep();
            lent.fill(0xaa);
          }
          reading.end();
          takeAll(reading, taken);
          expect(taken).toEqual(sent);
          expect(reading.bufferedBytes).toBe(0);
        },
      ),
    );
  });
});
