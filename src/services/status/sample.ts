import type { HistogramSnapshot } from "../../server/telemetry/histogram.ts";
import { PERCENTILES, percentile, subtract } from "./percentiles.ts";
import type { Subject } from "./subject.ts";

const MS_PER_SECOND = 1_000;
const DECIMALS = 100;

/** The values of a subject by series: levels, totals per second, and percentiles in ms. */
export type Values = Readonly<Record<string, number>>;

/** The values of all subjects at one moment. */
export interface Sample {
  /** In ms since 1970. */
  readonly timeMs: number;
  /** By the key of the subject. */
  readonly subjects: Readonly<Record<string, Values>>;
}

/**
 * Computes the values of a subject for the time between two samples.
 *
 * @param before - the subject at the previous sample; undefined for a new one.
 * @param timedBefore - its durations at the start of the window of the percentiles.
 */
export function valuesOf(
  now: Subject,
  before: Subject | undefined,
  ...[elapsedMs, timedBefore]: [number, HistogramSnapshot | undefined]
): Values {
  const values: Record<string, number> = { ...now.levels };
  for (const [name, total] of Object.entries(now.totals)) {
    // A replaced server counts from 0 again, and the end of its predecessor's count is unknown.
    const grown = Math.max(0, total - (before?.totals[name] ?? 0));
    values[name] = elapsedMs > 0 ? round((grown * MS_PER_SECOND) / elapsedMs) : 0;
  }
  const durations = subtract(timedBefore, now.durationMs);
  for (const [name, part] of PERCENTILES) {
    const ms = percentile(durations, part);
    if (ms !== undefined) values[name] = round(ms);
  }
  return values;
}

function round(value: number): number {
  return Math.round(value * DECIMALS) / DECIMALS;
}
