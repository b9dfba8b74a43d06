import type { HistogramSnapshot } from "../../server/telemetry/histogram.ts";

/** The percentiles that are shown, by the name of their series. */
export const PERCENTILES = [
  ["p50", 0.5],
  ["p95", 0.95],
  ["p99", 0.99],
] as const;

/** The values that came between two moments. Where they are of different bounds, or fewer than before, all that are there now. */
export function since(before: HistogramSnapshot | undefined, now: HistogramSnapshot): HistogramSnapshot {
  if (before === undefined || before.bounds.length !== now.bounds.length) return now;
  const counts = now.counts.map((count, bucket) => count - (before.counts[bucket] ?? 0));
  if (counts.some((count) => count < 0)) return now;
  return { bounds: now.bounds, counts, count: now.count - before.count, sum: now.sum - before.sum };
}

/**
 * Below which value so large a part of the values is. As in PromQL's histogram_quantile, those of one bucket are taken to be spread
 * evenly in it, and those above the last bound to be equal to it; undefined where there is no value.
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
