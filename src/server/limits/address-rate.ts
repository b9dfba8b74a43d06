import { checkOptions, type OptionNames, outOfRange, wrongType } from "../../socket/values.ts";
import { count, custom, perSecond, type TextOptionKind } from "../options/option-kind.ts";
import type { Clock } from "../time/clock.ts";

/** Addresses that a rate remembers. Beyond that it forgets the older half of them, whose buckets then count as full. */
export const MAX_RATED_ADDRESSES = 65_536;

const MS_PER_SECOND = 1_000;
/** Tolerance for rounding errors in sums of fractions of a millisecond. */
const ROUNDING_MS = 0.001;

/** How often something may happen: the rate and the burst of a token bucket. */
export interface Rate {
  /** The average rate per second; above 0. 0.1 is once every ten seconds. */
  readonly perSecond: number;
  /** How many may happen at once after a pause; 1 or more; default is `perSecond`, rounded up. */
  readonly burst?: number | undefined;
}

/**
 * A token bucket for each address. Each bucket is one number: the time at which the bucket is full again (the generic cell
 * rate algorithm, ITU-T I.371). A full bucket needs no entry, so the table has two generations: an address without events for
 * as long as a bucket takes to fill is dropped together with the older generation, without a search and without a timer.
 */
export class AddressRate {
  readonly #clock: Clock;
  readonly #tokenMs: number;
  readonly #bucketMs: number;
  #young = new Map<string, number>();
  #old = new Map<string, number>();
  #bornMs: number;

  constructor(rate: Rate, clock: Clock) {
    const { perSecond, burst = Math.max(1, Math.ceil(perSecond)) } = rate;
    this.#clock = clock;
    this.#tokenMs = MS_PER_SECOND / perSecond;
    this.#bucketMs = burst * this.#tokenMs;
    this.#bornMs = clock.now();
  }

  /** The number of addresses it remembers. */
  get size(): number {
    return this.#young.size + this.#old.size;
  }

  /** Takes a token from the bucket of an address; returns false when the bucket is empty. */
  take(key: string): boolean {
    const nowMs = this.#clock.now();
    this.#age(nowMs);
    const fullMs = this.#fullTimeAfterTake(key, nowMs);
    if (this.#exceedsBurst(fullMs, nowMs)) return false;
    this.#young.set(key, fullMs);
    return true;
  }

  /** Whether the bucket of an address is empty. Takes no token. */
  isSpent(key: string): boolean {
    const nowMs = this.#clock.now();
    return this.#exceedsBurst(this.#fullTimeAfterTake(key, nowMs), nowMs);
  }

  #fullTimeAfterTake(key: string, nowMs: number): number {
    return Math.max(this.#young.get(key) ?? this.#old.get(key) ?? 0, nowMs) + this.#tokenMs;
  }

  #exceedsBurst(fullMs: number, nowMs: number): boolean {
    return fullMs - nowMs > this.#bucketMs + ROUNDING_MS;
  }

  #age(nowMs: number): void {
    if (nowMs - this.#bornMs < this.#bucketMs && this.#young.size < MAX_RATED_ADDRESSES / 2) return;
    this.#old = this.#young;
    this.#young = new Map();
    this.#bornMs = nowMs;
  }
}

/** Whether two rates are equal, or neither is set; then a rate that replaces the other keeps its buckets. */
export function isSameRate(one: Rate | undefined, other: Rate | undefined): boolean {
  return one?.perSecond === other?.perSecond && one?.burst === other?.burst;
}

const RATE: OptionNames<Rate> = { perSecond: true, burst: true };

/** Returns the given rate, or throws when it is invalid. */
function checkRate(name: string, given: unknown): Rate {
  checkOptions("a rate", given, RATE, rateForm, name);
  const value = given as Rate;
  checkPositive(`${name}.perSecond`, value.perSecond, 0);
  if (value.burst !== undefined) checkPositive(`${name}.burst`, value.burst, 1);
  return value;
}

const PER_SECOND = perSecond({ default: 1 });

/** The option kind of a rate: `{ perSecond: 5, burst: 20 }`, or `5/s` as text. */
export const RATE_OPTION: TextOptionKind<Rate | undefined> = {
  ...custom("a rate", checkRate, { perSecond: perSecond(), burst: count() }),
  parse: (path, text) => ({ perSecond: PER_SECOND.parse(path, text) }),
};

function rateForm(given: number): string {
  return `, such as { perSecond: ${given > 0 ? given : 10} }`;
}

function checkPositive(name: string, value: unknown, min: number): void {
  if (typeof value !== "number") throw wrongType(name, "of type number", value);
  const isFine = Number.isFinite(value) && value > 0 && value >= min;
  if (!isFine) throw outOfRange(name, min > 0 ? `a number >= ${min}` : "a number > 0", value);
}
