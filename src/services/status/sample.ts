import type { HistogramSnapshot } from "../../server/telemetry/histogram.ts";
import { PERCENTILES, percentile, since } from "./percentiles.ts";
import type { Subject } from "./subject.ts";

const MS_PER_SECOND = 1_000;
const DECIMALS = 100;

/** The numbers of a subject by the name of their series: levels, totals per second, and percentiles in ms. */
export type Values = Readonly<Record<string, number>>;

/** All subjects at one moment. */
export interface Sample {
  /** By the wall clock. */
  readonly timeMs: number;
  /** By the key of the subject. */
  readonly subjects: Readonly<Record<string, Values>>;
}

/**
 * What a subject did in a time.
 *
 * @param before - the same one then; undefined for one that has come since.
 * @param timedBefore - its durations at the beginning of the window of the percentiles.
 */
export function valuesOf(
  now: Subject,
  before: Subject | undefined,
  ...[elapsedMs, timedBefore]: [number, HistogramSnapshot | undefined]
): Values {
  const values: Record<string, number> = { ...now.levels };
  for (const [name, total] of Object.entries(now.totals)) {
    // A server that was replaced counts from 0 again, and what its last second was nobody knows.
    const grown = Math.max(0, total - (before?.totals[name] ?? 0));
    values[name] = elapsedMs > 0 ? rounded((grown * MS_PER_SECOND) / elapsedMs) : 0;
  }
  const durations = since(timedBefore, now.durationMs);
  for (const [name, part] of PERCENTILES) {
    const ms = percentile(durations, part);
    if (ms !== undefined) values[name] = rounded(ms);
  }
  return values;
}

function rounded(value: number): number {
  return Math.round(value * DECIMALS) / DECIMALS;
}
