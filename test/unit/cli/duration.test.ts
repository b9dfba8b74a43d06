import { expect, test } from "vitest";
import { parseDuration } from "../../../src/cli/duration.ts";

test.for<[string, number]>([
  ["0", 0],
  ["1", 1_000],
  ["1.5", 1_500],
  ["500ms", 500],
  ["0ms", 0],
  ["2s", 2_000],
  ["0.25s", 250],
  ["2m", 120_000],
  ["1h", 3_600_000],
  ["1d", 86_400_000],
  ["2147483647ms", 2_147_483_647],
  // Timers take whole milliseconds: a fraction is rounded up, so that a wait is never shorter than requested.
  ["1.5ms", 2],
  ["0.1ms", 1],
  ["0.0001s", 1],
  ["0.00001m", 1],
  ["0.0000001h", 1],
  ["1.2345", 1_235],
  ["2147483646.5ms", 2_147_483_647],
  // These fractions exist in binary only: 2.007 * 1000 is 2007.0000000000002.
  ["2.007", 2_007],
  ["16.1m", 966_000],
  ["1.1h", 3_960_000],
])("%s is %d ms", ([text, durationMs]) => {
  expect(parseDuration("--wait", text)).toBe(durationMs);
});

test.for([
  "",
  "s",
  "-1s",
  "1 s",
  "1w",
  "1S",
  "1e3",
  "Infinity",
  "NaN",
  "0x10",
  "1.s",
  ".5s",
  "2147483648ms",
  "9".repeat(400),
])("%j is rejected", (text) => {
  expect(() => parseDuration("--wait", text)).toThrow(`--wait ${JSON.stringify(text)} is `);
});
