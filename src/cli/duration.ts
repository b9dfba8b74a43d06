import { MAX_TIMEOUT_MS } from "../socket/values.ts";
import { CommandError, exitCodes } from "./command-error.ts";

const MS_PER_UNIT: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, "": 1_000 };

/** What the help of every command with a time says of it. */
export const TIMES = `
Times:
  500ms, 2s, 1.5m or 1h. A number alone is seconds, as in nc; the library, whose names
  end in Ms, counts milliseconds.
`;

/** `500ms`, `2s`, `1.5m`, `1h`, in whole milliseconds, rounded up; a number alone is seconds, as in nc(1). */
export function parseDuration(option: string, text: string): number {
  const [, digits, unit = ""] = /^(\d+(?:\.\d+)?)(ms|s|m|h)?$/.exec(text) ?? [];
  const durationMs = digits === undefined ? Number.NaN : Number(digits) * (MS_PER_UNIT[unit] ?? 1);
  // 2.007 s are a little more as a binary number: what is less than a nanosecond above a millisecond is not rounded up.
  if (durationMs <= MAX_TIMEOUT_MS) return Math.max(0, Math.ceil(durationMs - 1e-6));
  const reason = digits === undefined ? "is no time: write 500ms, 2s, 5m or 1h" : "is too long: at most 24 days";
  throw new CommandError(`${option} ${JSON.stringify(text)} ${reason}`, exitCodes.usage);
}
