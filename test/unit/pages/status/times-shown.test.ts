// The time span of a plot.
import { expect, onTestFinished, test, vi } from "vitest";
import { timesShown } from "../../../../src/pages/status/times-shown.ts";

test("MIN_SECONDS: a plot shows at least the last 60 s", () => {
  expect(timesShown(1_000, 1_001)).toEqual([941, 1_001]);
  expect(timesShown(1_000, 1_060)).toEqual([1_000, 1_060]);
});

test("a longer history is shown from its first sample on", () => {
  expect(timesShown(1_000, 1_061)).toEqual([1_000, 1_061]);
});

test("without samples, the last minute is shown", () => {
  vi.useFakeTimers({ now: 100_000 });
  onTestFinished(() => void vi.useRealTimers());
  expect(timesShown(null, null)).toEqual([40, 100]);
});
