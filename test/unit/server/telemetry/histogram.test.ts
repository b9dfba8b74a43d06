import fc from "fast-check";
import { expect, test } from "vitest";
import { Histogram, scale } from "../../../../src/server/telemetry/histogram.ts";

test("a value equal to a bound counts in its bucket, and a value above the last bound in an extra bucket", () => {
  const histogram = new Histogram([1, 10, 100]);
  for (const value of [0, 1, 1.5, 10, 100, 100.1, 1e9]) histogram.record(value);
  expect(histogram.snapshot()).toEqual({
    bounds: [1, 10, 100],
    counts: [2, 2, 1, 2],
    count: 7,
    sum: 0 + 1 + 1.5 + 10 + 100 + 100.1 + 1e9,
  });
});

test("each value counts in the first bucket whose bound is not below it", () => {
  const bounds = scale(1, 2, 12);
  fc.assert(
    fc.property(fc.array(fc.double({ min: 0, max: 10_000, noNaN: true })), (values) => {
      const histogram = new Histogram(bounds);
      for (const value of values) histogram.record(value);
      const { counts, count } = histogram.snapshot();
      const edges = [Number.NEGATIVE_INFINITY, ...bounds, Number.POSITIVE_INFINITY];
      const expected = counts.map(
        (_, index) =>
          values.filter((value) => value > (edges[index] ?? Number.NaN) && value <= (edges[index + 1] ?? Number.NaN))
            .length,
      );
      expect(counts).toEqual(expected);
      expect(count).toBe(values.length);
    }),
  );
});

test("the number of buckets does not depend on the number of values", () => {
  const histogram = new Histogram(scale(64, 4, 15));
  for (let value = 0; value < 100_000; value++) histogram.record(value);
  expect(histogram.snapshot().counts).toHaveLength(16);
});

test("a snapshot does not change later, and can be cloned for another thread", () => {
  const histogram = new Histogram([1]);
  histogram.record(1);
  const before = histogram.snapshot();
  histogram.record(5);
  expect(structuredClone(before)).toEqual({ bounds: [1], counts: [1, 0], count: 1, sum: 1 });
});

test("scale multiplies each bound by the factor", () => {
  expect(scale(1, 2, 5)).toEqual([1, 2, 4, 8, 16]);
  expect(scale(64, 4, 15).at(-1)).toBe(16 * 1024 ** 3);
});
