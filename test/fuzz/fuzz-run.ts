// The base of all fuzz tests: their time, their seed, the search, and the check that no memory stays in use.
// `SOCKWRIGHT_FUZZ_SECONDS=60` sets the time of each test, `SOCKWRIGHT_FUZZ_SEED` repeats a run.
import { Random } from "../../src/testing/random.ts";

export const seconds = Number(process.env["SOCKWRIGHT_FUZZ_SECONDS"] ?? 2);
export const seed = Number(process.env["SOCKWRIGHT_FUZZ_SEED"] ?? Date.now() % 2 ** 31);
/** The seed is fixed, so that a planted fault is found in every run, or in none. */
export const PLANTED_SEED = 1;
/** The minimum number of rounds, on a machine of any speed. */
const MIN_ROUNDS = 1_000;
const PLANTED_ROUNDS = 20_000;
/** After this many rounds everything is loaded, and caches have reached their limits. */
const WARM_ROUNDS = MIN_ROUNDS / 2;
/** The memory that any number of rounds may leave in use, garbage excluded. */
const MAX_LEFT_BYTES = 16 * 1024 * 1024;

/** Undefined when the round is right; otherwise the input and the result. */
export type Round = (draw: Draw) => string | undefined;

/** Random choices from one seed. */
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

  /** True once in this many calls, on average. */
  once(outOf: number): boolean {
    return this.below(outOf) === 0;
  }

  one<T>(from: readonly [T, ...T[]]): T {
    return from[this.below(from.length)] ?? from[0];
  }

  bytes(length: number): Uint8Array {
    return Uint8Array.from({ length }, () => this.below(256));
  }

  /** The text with this many mistakes: meaningful characters inserted, removed, doubled or moved. */
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

/** Runs rounds for the time of a fuzz test; returns what they found, and how to repeat it. */
export function fuzz(name: string, round: Round): string | undefined {
  console.info(`${name} fuzz: SOCKWRIGHT_FUZZ_SEED=${seed} SOCKWRIGHT_FUZZ_SECONDS=${seconds}`);
  return search(round, seed, MIN_ROUNDS, seconds * 1_000);
}

/** Returns what the rounds find of a planted fault. */
export function findPlanted(round: Round): string | undefined {
  return search(round, PLANTED_SEED, PLANTED_ROUNDS);
}

/** The timeout of a test that calls {@link fuzz}. */
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

/** V8 frees the compiled code of an unreachable regular expression only after several collections. */
const COLLECTIONS = 5;

/** The memory in use, without garbage. */
export function heldBytes(): number {
  if (gc === undefined) throw new Error("vitest.config.ts gives --expose-gc");
  for (let count = 0; count < COLLECTIONS; count++) gc();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}

/** Undefined when no more memory is in use than before, within a limit. */
export function leak(beforeBytes: number): string | undefined {
  const leftBytes = heldBytes() - beforeBytes;
  return leftBytes > MAX_LEFT_BYTES ? `the rounds have left ${leftBytes} bytes in memory` : undefined;
}

/** Describes what a round found, with texts as JSON. */
export function told(...parts: readonly unknown[]): string {
  return parts.map((part) => JSON.stringify(part)).join(" ");
}
