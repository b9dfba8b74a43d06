// However a stream is split into chunks, a decoder returns the same frames and throws the same error.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { owned, readInPieces, type Subject, subjects, takeAll } from "./subjects.ts";

/** Splits an input at these positions. */
function cutAt(input: Buffer, places: readonly number[]): Buffer[] {
  const ordered = [...new Set(places.filter((place) => place > 0 && place < input.length))].sort((a, b) => a - b);
  return [0, ...ordered].map((from, index) => input.subarray(from, ordered[index] ?? input.length));
}

function encodeAll({ encode }: Subject, frames: readonly unknown[]): Buffer {
  return Buffer.concat(frames.map((frame) => encode(frame)));
}

/** Positions to split at; the tests take them modulo the length of the input. */
const places = fc.array(fc.nat(), { maxLength: 12 });

describe.for(subjects.map((subject) => [subject.name, subject] as const))("%s", ([, subject]) => {
  const { decoder, encode, frames, reference } = subject;

  test("an encoded frame is decoded to the same frame", () => {
    fc.assert(
      fc.property(frames, (frame) => {
        expect(readInPieces(decoder(), [encode(frame)])).toEqual({ frames: [frame], code: undefined });
      }),
    );
  });

  test("split at random positions or into single bytes, a stream gives the frames that were encoded", () => {
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

  test("split at any one position, a stream gives the frames that were encoded", () => {
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

  test("invalid input is decoded as by the reference, split at any one position or into single bytes", () => {
    const inputs = fc.oneof(
      fc.uint8Array({ maxLength: 60 }),
      // Bytes with a meaning in most of the codecs.
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

  test("a reader that takes a few frames at a time, with a keep() between, loses none", () => {
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
