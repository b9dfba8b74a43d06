import { checkOptions, type OptionNames, outOfRange, wrongType } from "../../socket/values.ts";
import { checked, count, perSecond, type TextOptionKind } from "../options/option-kind.ts";
import type { Clock } from "../time/clock.ts";

/** How many addresses a rate remembers. Beyond that it forgets the older half of them, in their favour. */
export const MAX_RATED_ADDRESSES = 65_536;

const MS_PER_SECOND = 1_000;
/** What adding up fractions of a millisecond may be wrong by. */
const ROUNDING_MS = 0.001;

/** How often something may happen. */
export interface Rate {
  /** In the long run; above 0, 0.1 is every ten seconds. */
  readonly perSecond: number;
  /** How often at once, after a rest: 1 or more. Default is what `perSecond` gives in a second, and at least 1. */
  readonly burst?: number | undefined;
}

/**
 * A token bucket for each address, in the form of one number: when the bucket is full again (the generic cell rate
 * algorithm, ITU-T I.371). A full bucket need not be remembered, so the table is two generations: what was not heard of
 * for as long as it takes to fill a bucket goes with the older one, without a search and without a timer.
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

  /** How many addresses it remembers. */
  get size(): number {
    return this.#young.size + this.#old.size;
  }

  /** Takes a token of the address; false when it has none. */
  take(key: string): boolean {
    const nowMs = this.#clock.now();
    this.#age(nowMs);
    const fullMs = this.#fullWithOneMore(key, nowMs);
    if (this.#isTooMuch(fullMs, nowMs)) return false;
    this.#young.set(key, fullMs);
    return true;
  }

  /** Whether the address has none to take. */
  isSpent(key: string): boolean {
    const nowMs = this.#clock.now();
    return this.#isTooMuch(this.#fullWithOneMore(key, nowMs), nowMs);
  }

  #fullWithOneMore(key: string, nowMs: number): number {
    return Math.max(this.#young.get(key) ?? this.#old.get(key) ?? 0, nowMs) + this.#tokenMs;
  }

  #isTooMuch(fullMs: number, nowMs: number): boolean {
    return fullMs - nowMs > this.#bucketMs + ROUNDING_MS;
  }

  #age(nowMs: number): void {
    if (nowMs - this.#bornMs < this.#bucketMs && this.#young.size < MAX_RATED_ADDRESSES / 2) return;
    this.#old = this.#young;
    this.#young = new Map();
    this.#bornMs = nowMs;
  }
}

/** Whether what was used up of the one is used up of the other, or there is none of either. */
export function isSameRate(one: Rate | undefined, other: Rate | undefined): boolean {
  return one?.perSecond === other?.perSecond && one?.burst === other?.burst;
}

const RATE: OptionNames<Rate> = { perSecond: true, burst: true };

/** Gives the rate back if there can be one like it. */
function rate(name: string, given: unknown): Rate {
  checkOptions("a rate", given, RATE, rateForm, name);
  const value = given as Rate;
  positive(`${name}.perSecond`, value.perSecond, 0);
  if (value.burst !== undefined) positive(`${name}.burst`, value.burst, 1);
  return value;
}

const PER_SECOND = perSecond({ default: 1 });

/** A rate as an option: `{ perSecond: 5, burst: 20 }`, as text `5/s`. */
export const RATE_OPTION: TextOptionKind<Rate | undefined> = {
  ...checked("a rate", rate, { perSecond: perSecond(), burst: count() }),
  parse: (path, text) => ({ perSecond: PER_SECOND.parse(path, text) }),
};

function rateForm(given: unknown): string {
  return `, such as { perSecond: ${typeof given === "number" && given > 0 ? given : 10} }`;
}

function positive(name: string, value: unknown, min: number): void {
  if (typeof value !== "number") throw wrongType(name, "of type number", value);
  const isFine = Number.isFinite(value) && value > 0 && value >= min;
  if (!isFine) throw outOfRange(name, min > 0 ? `a number >= ${min}` : "a number > 0", value);
}
