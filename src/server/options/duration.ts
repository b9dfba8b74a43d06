import { MAX_TIMEOUT_MS } from "../../socket/values.ts";

const MS_PER_UNIT: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  "": 1_000,
};

/**
 * Parses a duration such as `500ms`, `2s`, `1.5m`, `1h` or `30d` to whole milliseconds, rounded up. A number without a unit is
 * seconds, as in nc(1). Returns `"none"` for a text that is no duration, and `"too-long"` above `maxMs`, by default the limit of
 * Node's timers.
 */
export function durationMs(text: string, maxMs = MAX_TIMEOUT_MS): number | "none" | "too-long" {
  const [, digits, unit = ""] = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)?$/.exec(text) ?? [];
  if (digits === undefined) return "none";
  const exactMs = Number(digits) * (MS_PER_UNIT[unit] ?? 1);
  // 2.007 s is slightly more than 2 007 ms as a binary number: less than a nanosecond above a millisecond is not rounded up.
  return exactMs <= maxMs ? Math.max(0, Math.ceil(exactMs - 1e-6)) : "too-long";
}

/** Formats milliseconds as {@link durationMs} parses them: in whole seconds if possible, or else in ms. */
export function durationText(ms: number): string {
  return ms % 1_000 === 0 ? `${ms / 1_000}s` : `${ms}ms`;
}
