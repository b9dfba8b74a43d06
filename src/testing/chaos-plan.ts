// The decisions of a chaos proxy, by byte positions: the same for the same seed.
import type { Chaos } from "./chaos-options.ts";
import { Random } from "./random.ts";

/** Which way: the numbers tell the generators of the two apart. */
export type Way = "toTarget" | "toClient";

/** Of a stream that is not split, a delay is drawn for every so many bytes. */
const STRETCH_BYTES = 16 * 1024;
/** A throttled stream moves on so often. */
const THROTTLE_STEP_MS = 50;
/** Datagrams that may overtake one that is held back. */
const MAX_OVERTAKERS = 3;

const WAYS = { toTarget: 0, toClient: 1 } as const;
const PURPOSES = { isReset: 0, resetAt: 1, split: 3, delay: 5, datagram: 7 } as const;

/**
 * What happens to one direction of one connection, by byte positions: drawn from the seed, the connection's number and
 * the direction alone, so that it is the same however the bytes come in.
 */
export class StreamPlan {
  readonly #chaos: Chaos;
  readonly #splits: Random;
  readonly #delays: Random;
  /** Where the connection is reset. */
  readonly #resetAt: number;
  readonly #stepBytes: number;
  #position = 0;
  #left = 0;
  #delayMs = 0;

  constructor(chaos: Chaos, connection: number, way: Way) {
    const random = (purpose: number): Random => new Random(chaos.seed, connection, purpose);
    this.#chaos = chaos;
    this.#splits = random(PURPOSES.split + WAYS[way]);
    this.#delays = random(PURPOSES.delay + WAYS[way]);
    // One draw for both directions: they agree whether the connection is reset at all.
    const isReset = random(PURPOSES.isReset).chance(chaos.resetProbability);
    const resetAt = random(PURPOSES.resetAt + WAYS[way]).integer(chaos.resetAfterBytes);
    this.#resetAt = isReset ? resetAt : Number.POSITIVE_INFINITY;
    this.#stepBytes = Math.max(1, Math.floor((chaos.bytesPerSecond * THROTTLE_STEP_MS) / 1_000));
    this.#draw();
  }

  /** The connection is to be reset here. */
  get isReset(): boolean {
    return this.#position >= this.#resetAt;
  }

  /** How late the byte at this position comes, or the end. */
  get delayMs(): number {
    return this.#delayMs;
  }

  /** How many bytes may go together from here, at most. */
  get bytes(): number {
    return Math.min(this.#left, this.#resetAt - this.#position, this.#stepBytes);
  }

  /** So many bytes have gone. True where the stream is split. */
  pass(count: number): boolean {
    this.#position += count;
    this.#left -= count;
    if (this.#left > 0) return false;
    this.#draw();
    return this.#chaos.splitBytes !== undefined;
  }

  #draw(): void {
    const { splitBytes, delayMs } = this.#chaos;
    this.#left = splitBytes === undefined ? STRETCH_BYTES : this.#splits.integer(splitBytes);
    this.#delayMs = this.#delays.between(delayMs);
  }
}

/** What happens to one datagram. */
export interface DatagramFate {
  readonly isDropped: boolean;
  /** 1, or 2. */
  readonly copies: number;
  /** By how many datagrams it is overtaken. */
  readonly overtakers: number;
  readonly delayMs: number;
}

/** What happens to the datagrams of one direction, by their numbers: each takes as many draws as any other. */
export class DatagramPlan {
  readonly #chaos: Chaos;
  readonly #random: Random;

  constructor(chaos: Chaos, sender: number, way: Way) {
    this.#chaos = chaos;
    this.#random = new Random(chaos.seed, sender, PURPOSES.datagram + WAYS[way]);
  }

  next(): DatagramFate {
    const { dropProbability, duplicateProbability, reorderProbability, delayMs } = this.#chaos;
    const isDropped = this.#random.chance(dropProbability);
    const copies = this.#random.chance(duplicateProbability) ? 2 : 1;
    const isOvertaken = this.#random.chance(reorderProbability);
    const overtakers = this.#random.integer({ min: 1, max: MAX_OVERTAKERS });
    return { isDropped, copies, overtakers: isOvertaken ? overtakers : 0, delayMs: this.#random.between(delayMs) };
  }
}
