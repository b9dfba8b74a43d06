/** The counts of a histogram at one moment: a plain object, so that a worker can post it. */
export interface HistogramSnapshot {
  /** The upper bounds of the buckets, inclusive; one more bucket holds the values above the last bound. */
  readonly bounds: readonly number[];
  /** The number of values in each bucket: one entry more than there are bounds. */
  readonly counts: readonly number[];
  /** The number of all values. */
  readonly count: number;
  /** The sum of all values. */
  readonly sum: number;
}

/** Counts values in buckets. Its size depends on its bounds only, not on the number of values. */
export class Histogram {
  readonly #bounds: readonly number[];
  readonly #counts: number[];
  #sum = 0;

  constructor(bounds: readonly number[]) {
    this.#bounds = bounds;
    this.#counts = Array<number>(bounds.length + 1).fill(0);
  }

  record(value: number): void {
    const index = this.#bounds.findIndex((bound) => value <= bound);
    const bucket = index < 0 ? this.#bounds.length : index;
    this.#counts[bucket] = (this.#counts[bucket] ?? 0) + 1;
    this.#sum += value;
  }

  snapshot(): HistogramSnapshot {
    const count = this.#counts.reduce((all, those) => all + those, 0);
    return { bounds: this.#bounds, counts: [...this.#counts], count, sum: this.#sum };
  }
}

/** The sum of histograms with the same bounds. */
export function mergeHistograms(histograms: readonly HistogramSnapshot[]): HistogramSnapshot {
  const [first, ...others] = histograms;
  if (first === undefined) return { bounds: [], counts: [0], count: 0, sum: 0 };
  return others.reduce(
    (one, other) => ({
      bounds: one.bounds,
      counts: one.counts.map((count, bucket) => count + (other.counts[bucket] ?? 0)),
      count: one.count + other.count,
      sum: one.sum + other.sum,
    }),
    first,
  );
}

/** Bounds on a logarithmic scale: each is `factor` times the bound before it. */
export function scale(first: number, factor: number, count: number): readonly number[] {
  return Array.from({ length: count }, (_, index) => first * factor ** index);
}
