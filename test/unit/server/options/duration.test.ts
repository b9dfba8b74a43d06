// Durations as text: parsing, and formatting of a number of milliseconds.
import { expect, test } from "vitest";
import { durationMs, durationText } from "../../../../src/server/options/duration.ts";
import { MAX_TIMEOUT_MS } from "../../../../src/socket/values.ts";

test.each<[text: string, ms: number | "none" | "too-long"]>([
  ["0", 0],
  ["5", 5_000],
  ["1.5", 1_500],
  ["500ms", 500],
  ["0.4ms", 1],
  ["2s", 2_000],
  ["2.007s", 2_007],
  ["1.5m", 90_000],
  ["1h", 3_600_000],
  ["1.5d", 129_600_000],
  [`${MAX_TIMEOUT_MS}ms`, MAX_TIMEOUT_MS],
  [`${MAX_TIMEOUT_MS + 1}ms`, "too-long"],
  ["1000h", "too-long"],
  ["", "none"],
  ["s", "none"],
  ["5 s", "none"],
  ["-5s", "none"],
  [".5s", "none"],
  ["25d", "too-long"],
  ["5w", "none"],
  ["5S", "none"],
  ["1e3", "none"],
  ["Infinity", "none"],
])("%s", (text, ms) => {
  expect(durationMs(text)).toBe(ms);
});

test("a larger maximum may be given for durations that need no timer", () => {
  const yearMs = 365 * 86_400_000;
  expect(durationMs("365d", yearMs)).toBe(yearMs);
  expect(durationMs("365.1d", yearMs)).toBe("too-long");
});

test.each([1, 999, 1_000, 1_500, 60_000, MAX_TIMEOUT_MS])(
  "%d ms is formatted as a text that parses to the same number",
  (ms) => {
    expect(durationMs(durationText(ms))).toBe(ms);
    expect(durationText(ms)).toMatch(ms % 1_000 === 0 ? /^\d+s$/ : /^\d+ms$/);
  },
);
