import fc from "fast-check";
import { expect, test } from "vitest";
import { CHUNK_BYTES, PieceQueue } from "../../../../src/server/connection/piece-queue.ts";

/** Bytes to add or to lend, or the share of the waiting bytes to drop, in thousandths. */
const steps = fc.array(
  fc.oneof(
    fc.record({ added: fc.integer({ min: 1, max: 40 }) }),
    fc.record({ added: fc.integer({ min: CHUNK_BYTES - 40, max: CHUNK_BYTES + 2 }) }),
    fc.record({ lent: fc.integer({ min: 1, max: 40 }) }),
    fc.record({ left: fc.integer({ min: 1, max: 1_000 }) }),
  ),
  { maxLength: 40, size: "max" },
);

test("a stream queue holds exactly the bytes that were added and not yet dropped", () => {
  fc.assert(
    fc.property(steps, (all) => {
      const queue = new PieceQueue(false);
      let waiting = Buffer.alloc(0);
      let next = 0;
      for (const step of all) {
        if ("added" in step || "lent" in step) {
          const length = "added" in step ? step.added : step.lent;
          const bytes = Buffer.from(Array.from({ length }, () => next++));
          if ("added" in step) queue.add(bytes);
          else queue.addLent(bytes);
          waiting = Buffer.concat([waiting, bytes]);
        } else {
          const count = Math.ceil((waiting.length * step.left) / 1_000);
          queue.drop(count);
          waiting = waiting.subarray(count);
        }
        expect(Buffer.concat(queue.some(Number.POSITIVE_INFINITY)).equals(waiting)).toBe(true);
      }
    }),
    { numRuns: 500 },
  );
});

test("small writes share pieces of CHUNK_BYTES", () => {
  const queue = new PieceQueue(false);
  const written = 100_000;
  for (let byte = 0; byte < written; byte++) queue.add(Buffer.from([byte]));
  // The first pieces are shorter: 1, 2, 4 ... bytes.
  expect(queue.length).toBeLessThanOrEqual(written / CHUNK_BYTES + Math.log2(CHUNK_BYTES) + 1);
});

test("MAX_LEFT_PLACES: many records leave in order, including empty ones", () => {
  const queue = new PieceQueue(true);
  const records = Array.from({ length: 5_000 }, (_, index) => "x".repeat(index % 3));
  const sent: string[] = [];
  const leave = (): void => {
    sent.push(String(queue.front));
    queue.drop(queue.front?.length ?? 0);
  };
  for (const record of records) {
    queue.add(Buffer.from(record));
    if (sent.length % 2 === 0 || queue.length > 3_000) leave();
  }
  expect(queue.length).toBe(records.length - sent.length);
  while (queue.length > 0) leave();
  expect(sent).toEqual(records);
});
