/** A range of numbers, both ends included. */
export interface Range {
  readonly min: number;
  readonly max: number;
}

const UINT32S = 2 ** 32;
/** Rounds after which a difference in one bit of the seed has spread through the whole state. */
const MIXING_ROUNDS = 15;

/**
 * The random generator sfc32 (Chris Doty-Humphrey, "Small Fast Counting", in PractRand): 128 bits of state, the same numbers
 * on every machine. `stream` and `purpose` separate the generators of one seed, so that the draws of one decision do not
 * change another decision.
 */
export class Random {
  #a: number;
  #b: number;
  #c: number;
  #counter = 1;

  constructor(seed: number, stream: number, purpose: number) {
    this.#a = seed | 0;
    this.#b = stream | 0;
    this.#c = purpose | 0;
    for (let round = 0; round < MIXING_ROUNDS; round++) this.uint32();
  }

  uint32(): number {
    const sum = (this.#a + this.#b + this.#counter) | 0;
    this.#counter = (this.#counter + 1) | 0;
    this.#a = this.#b ^ (this.#b >>> 9);
    this.#b = (this.#c + (this.#c << 3)) | 0;
    this.#c = (((this.#c << 21) | (this.#c >>> 11)) + sum) | 0;
    return sum >>> 0;
  }

  /** Returns a number >= 0 and < 1. */
  fraction(): number {
    return this.uint32() / UINT32S;
  }

  /** Returns true with this probability. It also draws for 0 and 1, so that later draws do not change. */
  chance(probability: number): boolean {
    return this.fraction() < probability;
  }

  /** Returns an integer in the range, both ends included. */
  integer({ min, max }: Range): number {
    return min + Math.floor(this.fraction() * (max - min + 1));
  }

  /** Returns a number in the range, not only an integer. */
  between({ min, max }: Range): number {
    return min + this.fraction() * (max - min);
  }
}
