const BYTE_UNITS = ["KiB", "MiB", "GiB", "TiB", "PiB"] as const;
const BYTES_PER_UNIT = 1_024;
const [SECOND_MS, MINUTE_MS, HOUR_MS, DAY_MS] = [1_000, 60_000, 3_600_000, 86_400_000];
const count = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });
const decimal = new Intl.NumberFormat("en", { maximumFractionDigits: 1 });

/** The unit of the numbers of a plot. */
export type Unit = "count" | "per second" | "bytes per second" | "ms";

/** Formats a number with its unit; undefined is a dash. */
export function numberText(value: number | undefined, unit: Unit): string {
  if (value === undefined) return "–";
  if (unit === "count") return countText(value);
  if (unit === "bytes per second") return `${bytesText(value)}/s`;
  return unit === "ms" ? `${decimal.format(value)} ms` : `${decimal.format(value)}/s`;
}

/** Formats a count, such as `10,000`. */
export function countText(value: number): string {
  return count.format(value);
}

/** Formats a number of bytes, such as `1.5 MiB`. */
export function bytesText(bytes: number): string {
  let amount = bytes;
  let unit = "B";
  for (const next of BYTE_UNITS) {
    // Avoids a result that rounds to 1,024.
    if (amount < BYTES_PER_UNIT - 0.05) break;
    amount /= BYTES_PER_UNIT;
    unit = next;
  }
  return `${unit === "B" ? count.format(amount) : decimal.format(amount)} ${unit}`;
}

/** Formats a duration in its two largest units: `5 s`, `3 min 5 s`, `2 h 10 min`, `4 d 3 h`. */
export function timeSpanText(ms: number): string {
  const parts = (large: number, small: number, names: readonly [string, string]): string => {
    const rest = Math.floor((ms % large) / small);
    return `${Math.floor(ms / large)} ${names[0]}${rest === 0 ? "" : ` ${rest} ${names[1]}`}`;
  };
  if (ms < MINUTE_MS) return `${Math.max(0, Math.floor(ms / SECOND_MS))} s`;
  if (ms < HOUR_MS) return parts(MINUTE_MS, SECOND_MS, ["min", "s"]);
  if (ms < DAY_MS) return parts(HOUR_MS, MINUTE_MS, ["h", "min"]);
  return parts(DAY_MS, HOUR_MS, ["d", "h"]);
}

/** Formats a time, such as `2026-12-01 19:21:45 UTC`. */
export function momentText(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, "2026-12-01T19:21:45".length).replace("T", " ")} UTC`;
}
