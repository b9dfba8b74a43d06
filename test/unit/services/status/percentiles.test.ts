import { describe, expect, test } from "vitest";
import { percentile, subtract } from "../../../../src/services/status/percentiles.ts";
import { histogramOf } from "../../../behaviour/status/fake-overview.ts";

const BOUNDS = [10, 20, 40];

describe("a percentile", () => {
  test("of nothing is nothing", () => {
    expect(percentile(histogramOf(BOUNDS, []), 0.5)).toBe(undefined);
  });

  test("is taken to be spread evenly in its bucket", () => {
    const histogram = histogramOf(BOUNDS, [5, 15, 15, 15, 15, 15, 15, 15, 15, 35]);
    expect(percentile(histogram, 0.1)).toBe(10);
    expect(percentile(histogram, 0.5)).toBe(15);
    expect(percentile(histogram, 0.9)).toBe(20);
    expect(percentile(histogram, 0.95)).toBe(30);
    expect(percentile(histogram, 1)).toBe(40);
  });

  test("is the last bound at most", () => {
    expect(percentile(histogramOf(BOUNDS, [1_000]), 0.5)).toBe(40);
  });
});

describe("what came since", () => {
  test("is the difference", () => {
    const { counts, count, sum } = subtract(histogramOf(BOUNDS, [5, 15]), histogramOf(BOUNDS, [5, 15, 15, 50]));
    expect([counts, count, sum]).toEqual([[0, 1, 0, 1], 2, 65]);
  });

  test.each([
    ["of which nothing is known", undefined],
    ["that had more then", histogramOf(BOUNDS, [5, 5])],
    ["with other bounds", histogramOf([1], [])],
  ])("is everything, of one %s", (_, before) => {
    const now = histogramOf(BOUNDS, [5]);
    expect(subtract(before, now)).toBe(now);
  });
});
