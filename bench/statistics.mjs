// @ts-check

/** @typedef {{ median: number, min: number, max: number }} Summary */

/**
 * @param {readonly number[]} values at least one
 * @returns {number}
 */
export function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1 ? Number(sorted[middle]) : (Number(sorted[middle - 1]) + Number(sorted[middle])) / 2;
}

/**
 * The ratio is taken within each round and only then summarised: what slowed a whole round cancels out.
 * @param {readonly number[]} values one for each round
 * @param {readonly number[]} base the same rounds
 * @returns {Summary}
 */
export function pairedRatios(values, base) {
  if (values.length !== base.length) throw new RangeError("unequal numbers of rounds");
  const ratios = values.map((value, round) => value / Number(base[round]));
  return { median: median(ratios), min: Math.min(...ratios), max: Math.max(...ratios) };
}
