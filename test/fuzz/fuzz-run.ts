// What all fuzz runs share: for how long they run, from which seed, where they find what they try, and that nothing stays.
// `SOCKWRIGHT_FUZZ_SECONDS=60` runs each one for that long, `SOCKWRIGHT_FUZZ_SEED` as it ran before.
import { Random } from "../../src/testing/random.ts";

export const seconds = Number(process.env["SOCKWRIGHT_FUZZ_SECONDS"] ?? 2);
export const seed = Number(process.env["SOCKWRIGHT_FUZZ_SEED"] ?? Date.now() % 2 ** 31);
/** A fault that was planted is found, or not, for good: no run is luckier than another. */
export const PLANTED_SEED = 1;
/** So many rounds at least, however slow the machine. */
const MIN_ROUNDS = 1_000;
const PLANTED_ROUNDS = 20_000;
/** By then all is loaded, and what is kept on purpose has come to its limits. */
const WARM_ROUNDS = MIN_ROUNDS / 2;
/** What rounds may leave behind in memory besides garbage, however many they are. */
const MAX_LEFT_BYTES = 16 * 1024 * 1024;

/** Undefined when all was well; otherwise what was tried, and what came of it. */
export type Round = (draw: Draw) => string | undefined;

/** Random choices, all out of one seed. */
export class Draw {
  readonly #random: Random;

  constructor(from: number) {
    this.#random = new Random(from, 0, 0);
  }

  /** A whole number from 0 to below `below`. */
  below(below: number): number {
    return this.#random.integer({ min: 0, max: below - 1 });
  }

  uint32(): number {
    return this.#random.uint32();
  }

  /** True once in so many times. */
  once(outOf: number): boolean {
    return this.below(outOf) === 0;
  }

  one<T>(from: readonly [T, ...T[]]): T {
    return from[this.below(from.length)] ?? from[0];
  }

  bytes(length: number): Uint8Array {
    return Uint8Array.from({ length }, () => this.below(256));
  }

  /** The text with so many mistakes in it: letters that mean something put in, left out, doubled or moved. */
  mistakes(text: string, count: number, letters: readonly [string, ...string[]]): string {
    let wrong = text;
    for (let left = count; left > 0; left--) {
      const at = this.below(wrong.length + 1);
      const to = at + this.below(4);
      const [before, piece, after] = [wrong.slice(0, at), wrong.slice(at, to), wrong.slice(to)];
      wrong =
        before + this.one([after, this.one(letters) + piece + after, this.one(letters) + after, piece + piece + after]);
    }
    return wrong;
  }
}

/** Rounds for the time that gates have; what was found, with how to find it again. */
export function fuzz(name: string, round: Round): string | undefined {
  console.info(`${name} fuzz: SOCKWRIGHT_FUZZ_SEED=${seed} SOCKWRIGHT_FUZZ_SECONDS=${seconds}`);
  return search(round, seed, MIN_ROUNDS, seconds * 1_000);
}

/** What rounds find of a fault that was planted for them. */
export function findPlanted(round: Round): string | undefined {
  return search(round, PLANTED_SEED, PLANTED_ROUNDS);
}

/** How long a test of {@link fuzz} may take. */
export const timeout = 60_000 + seconds * 1_000;

function search(round: Round, from: number, rounds: number, ms = 0): string | undefined {
  const draw = new Draw(from);
  const end = performance.now() + ms;
  let warmBytes = Number.POSITIVE_INFINITY;
  for (let count = 0; count < rounds || performance.now() < end; count++) {
    if (count === WARM_ROUNDS) warmBytes = heldBytes();
    const found = round(draw);
    if (found !== undefined) return `seed ${from}, round ${count}: ${found}`;
  }
  return leak(warmBytes);
}

/** V8 lets go of what it has compiled of a regular expression that nobody has only after some collections. */
const COLLECTIONS = 5;

/** What is in memory, but for garbage. */
export function heldBytes(): number {
  if (gc === undefined) throw new Error("vitest.config.ts gives --expose-gc");
  for (let count = 0; count < COLLECTIONS; count++) gc();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}

/** Undefined when no more is held than before, but for a limit. */
export function leak(beforeBytes: number): string | undefined {
  const leftBytes = heldBytes() - beforeBytes;
  return leftBytes > MAX_LEFT_BYTES ? `the rounds have left ${leftBytes} bytes in memory` : undefined;
}

/** What a round has found, in words: texts as they are in JSON. */
export function told(...parts: readonly unknown[]): string {
  return parts.map((part) => JSON.stringify(part)).join(" ");
}
