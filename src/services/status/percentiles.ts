import type { HistogramSnapshot } from "../../server/telemetry/histogram.ts";

/** The percentiles on the page, by the name of their series. */
export const PERCENTILES = [
  ["p50", 0.5],
  ["p95", 0.95],
  ["p99", 0.99],
] as const;

/** Returns the values recorded between two snapshots. If the bounds differ, or `now` has fewer values, returns all of `now`. */
export function subtract(before: HistogramSnapshot | undefined, now: HistogramSnapshot): HistogramSnapshot {
  if (before === undefined || before.bounds.length !== now.bounds.length) return now;
  const counts = now.counts.map((count, bucket) => count - (before.counts[bucket] ?? 0));
  if (counts.some((count) => count < 0)) return now;
  return { bounds: now.bounds, counts, count: now.count - before.count, sum: now.sum - before.sum };
}

/**
 * Returns the value below which the fraction `part` of the values lies; undefined if there are none. Like PromQL's histogram_quantile,
 * it assumes that values are spread evenly in a bucket, and that values above the last bound are equal to it.
 */
export function percentile({ bounds, counts, count }: HistogramSnapshot, part: number): number | undefined {
  if (count === 0) return undefined;
  const rank = part * count;
  let below = 0;
  for (const [bucket, bound] of bounds.entries()) {
    const here = counts[bucket] ?? 0;
    if (here > 0 && below + here >= rank) {
      const from = bounds[bucket - 1] ?? 0;
      return from + (bound - from) * ((rank - below) / here);
    }
    below += here;
  }
  return bounds.at(-1);
}
