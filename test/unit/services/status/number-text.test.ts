import { expect, test } from "vitest";
import { bytesText, momentText, numberText, timeSpanText } from "../../../../src/services/status/number-text.ts";

test.each([
  [undefined, "ms", "–"],
  [10_000, "count", "10,000"],
  [12.345, "ms", "12.3 ms"],
  [0.04, "per second", "0/s"],
  [1_234.5, "per second", "1,234.5/s"],
  [1_536, "bytes per second", "1.5 KiB/s"],
] as const)("%s of the unit %s is %s", (value, unit, text) => {
  expect(numberText(value, unit)).toBe(text);
});

test.each([
  [0, "0 B"],
  [1_023, "1,023 B"],
  [1_024, "1 KiB"],
  [1_023.97 * 1_024, "1 MiB"],
  [3 * 1_024 ** 5, "3 PiB"],
  [3_000 * 1_024 ** 5, "3,000 PiB"],
])("%s bytes are %s", (bytes, text) => {
  expect(bytesText(bytes)).toBe(text);
});

test.each([
  [-5, "0 s"],
  [59_999, "59 s"],
  [60_000, "1 min"],
  [185_000, "3 min 5 s"],
  [7_800_000, "2 h 10 min"],
  [356_400_000, "4 d 3 h"],
])("%s ms are %s", (ms, text) => {
  expect(timeSpanText(ms)).toBe(text);
});

test("a moment is formatted in UTC", () => {
  expect(momentText(Date.UTC(2026, 11, 1, 19, 21, 45, 999))).toBe("2026-12-01 19:21:45 UTC");
});
