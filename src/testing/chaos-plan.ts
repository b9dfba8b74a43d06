// The decisions of a chaos proxy, by byte positions: the same for the same seed.
import type { ChaosSettings } from "./chaos-options.ts";
import { Random } from "./random.ts";

/** The direction of a stream or datagram; each direction has its own random generators. */
export type DirectionName = "toTarget" | "toClient";

/** Bytes of an unsplit stream that share one random delay; after them the plan draws the next one. */
const STRETCH_BYTES = 16 * 1024;
/** Interval of a throttled stream: the proxy sends at most the bytes of one interval at once. */
const THROTTLE_STEP_MS = 50;
/** The most datagrams that may overtake a reordered one; after them the proxy sends it. */
const MAX_OVERTAKERS = 3;

const DIRECTIONS = { toTarget: 0, toClient: 1 } as const;
const PURPOSES = { isReset: 0, resetAt: 1, split: 3, delay: 5, datagram: 7 } as const;

/**
 * The faults of one direction of one connection, by byte position. They depend on the seed, the number of the connection
 * and the direction alone, so they are the same however the bytes arrive.
 */
export class StreamPlan {
  readonly #chaos: ChaosSettings;
  readonly #splits: Random;
  readonly #delays: Random;
  /** The byte position of the reset; infinity for none. */
  readonly #resetAt: number;
  readonly #stepBytes: number;
  #position = 0;
  #left = 0;
  #delayMs = 0;

  constructor(chaos: ChaosSettings, connection: number, direction: DirectionName) {
    const random = (purpose: number): Random => new Random(chaos.seed, connection, purpose);
    this.#chaos = chaos;
    this.#splits = random(PURPOSES.split + DIRECTIONS[direction]);
    this.#delays = random(PURPOSES.delay + DIRECTIONS[direction]);
    // One draw for both directions: they agree whether the connection is reset at all.
    const isReset = random(PURPOSES.isReset).chance(chaos.resetProbability);
    const resetAt = random(PURPOSES.resetAt + DIRECTIONS[direction]).integer(chaos.resetAfterBytes);
    this.#resetAt = isReset ? resetAt : Number.POSITIVE_INFINITY;
    this.#stepBytes = Math.max(1, Math.floor((chaos.bytesPerSecond * THROTTLE_STEP_MS) / 1_000));
    this.#draw();
  }

  /** Whether the plan resets the connection at the current position. */
  get isReset(): boolean {
    return this.#position >= this.#resetAt;
  }

  /** Delay in ms of the byte at the current position, or of the end. */
  get delayMs(): number {
    return this.#delayMs;
  }

  /** The most bytes that the proxy may send together from the current position. */
  get bytes(): number {
    return Math.min(this.#left, this.#resetAt - this.#position, this.#stepBytes);
  }

  /** Moves the position on by `count` bytes that were sent. Returns true where the stream is split. */
  advance(count: number): boolean {
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

/** The faults of one datagram. */
export interface DatagramFaults {
  readonly isDropped: boolean;
  /** 1 or 2. */
  readonly copies: number;
  /** The number of datagrams that overtake it; 0 when it is not reordered. */
  readonly overtakers: number;
  readonly delayMs: number;
}

/** The faults of the datagrams of one direction, by number: every datagram uses the same number of random draws. */
export class DatagramPlan {
  readonly #chaos: ChaosSettings;
  readonly #random: Random;

  constructor(chaos: ChaosSettings, sender: number, direction: DirectionName) {
    this.#chaos = chaos;
    this.#random = new Random(chaos.seed, sender, PURPOSES.datagram + DIRECTIONS[direction]);
  }

  next(): DatagramFaults {
    const { dropProbability, duplicateProbability, reorderProbability, delayMs } = this.#chaos;
    const isDropped = this.#random.chance(dropProbability);
    const copies = this.#random.chance(duplicateProbability) ? 2 : 1;
    const isOvertaken = this.#random.chance(reorderProbability);
    const overtakers = this.#random.integer({ min: 1, max: MAX_OVERTAKERS });
    return { isDropped, copies, overtakers: isOvertaken ? overtakers : 0, delayMs: this.#random.between(delayMs) };
  }
}
