// @ts-check

/**
 * Pseudorandom numbers from 0 up to 1, the same for the same seed: mulberry32.
 * @param {number} seed
 */
export function randomOf(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** The seed of a run: a new one each time, unless SOCKWRIGHT_SOAK_SEED sets it. The report prints it. */
export const seed = Number(process.env["SOCKWRIGHT_SOAK_SEED"] ?? Math.floor(Math.random() * 2 ** 32));

/**
 * An integer from 0 up to `below`, exclusive.
 * @param {() => number} random
 * @param {number} below
 */
export function integer(random, below) {
  return Math.floor(random() * below);
}
