import { describe, expect, test } from "vitest";
import { percentile, subtract } from "../../../../src/services/status/percentiles.ts";
import { histogramOf } from "../../../behaviour/status/fake-overview.ts";

const BOUNDS = [10, 20, 40];

describe("a percentile", () => {
  test("of no values is undefined", () => {
    expect(percentile(histogramOf(BOUNDS, []), 0.5)).toBe(undefined);
  });

  test("assumes an even distribution within each bucket", () => {
    const histogram = histogramOf(BOUNDS, [5, 15, 15, 15, 15, 15, 15, 15, 15, 35]);
    expect(percentile(histogram, 0.1)).toBe(10);
    expect(percentile(histogram, 0.5)).toBe(15);
    expect(percentile(histogram, 0.9)).toBe(20);
    expect(percentile(histogram, 0.95)).toBe(30);
    expect(percentile(histogram, 1)).toBe(40);
  });

  test("is at most the last bound", () => {
    expect(percentile(histogramOf(BOUNDS, [1_000]), 0.5)).toBe(40);
  });
});

describe("subtract", () => {
  test("returns the difference of two histograms", () => {
    const { counts, count, sum } = subtract(histogramOf(BOUNDS, [5, 15]), histogramOf(BOUNDS, [5, 15, 15, 50]));
    expect([counts, count, sum]).toEqual([[0, 1, 0, 1], 2, 65]);
  });

  test.each([
    ["unknown", undefined],
    ["larger in a bucket", histogramOf(BOUNDS, [5, 5])],
    ["one with other bounds", histogramOf([1], [])],
  ])("returns the newer histogram when the older one is %s", (_, before) => {
    const now = histogramOf(BOUNDS, [5]);
    expect(subtract(before, now)).toBe(now);
  });
});
