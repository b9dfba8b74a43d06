import { randomInt } from "node:crypto";
import { type Clock, systemClock } from "../server/time/clock.ts";
import {
  checkOptions,
  functionOf,
  integer,
  type OptionNames,
  outOfRange,
  wrongType,
  wrongValue,
} from "../socket/values.ts";
import type { Range } from "./random.ts";

/** Connections through a chaos proxy, or senders of datagrams. */
const DEFAULT_MAX_CONNECTIONS = 1_024;
/** How long a datagram waits for another one to overtake it. */
const DEFAULT_REORDER_HOLD_MS = 100;
/** The largest seed: 32 bits. */
export const MAX_SEED = 0xffffffff;
/** The longest delay, or wait to be overtaken. */
const MAX_CHAOS_DELAY_MS = 3_600_000;
/** The largest size or rate that can be set. */
const MAX_CHAOS_BYTES = 0x10000000000;

/** What a {@link chaosProxy} does to what passes. All of it is off by default. */
export interface ChaosOptions {
  /** Where it listens; default a free port of this machine's loopback, or for a `unix:` target a
   * path of its own in the folder for temporary files. */
  readonly listen?: string | undefined;
  /** 0 to 2^32-1; the same seed decides the same. Default a random one, which {@link ChaosProxy.seed} tells. */
  readonly seed?: number | undefined;
  /** How late bytes and datagrams arrive, in ms, up to an hour. Their order stays. */
  readonly delayMs?: number | Range | undefined;
  /** Streams arrive in pieces of so many bytes, each in a turn of the event loop of its own. */
  readonly splitBytes?: number | Range | undefined;
  /** In each direction of each connection. */
  readonly throttleBytesPerSecond?: number | undefined;
  /** How many connections are reset, 0 to 1. Default 1 with `resetAfterBytes`, else 0. */
  readonly resetProbability?: number | undefined;
  /** After how many bytes in one direction, whichever comes first. Default 0 to 64 KiB. */
  readonly resetAfterBytes?: number | Range | undefined;
  /**
   * What one side's end does: `"pass"`, the default, tells it to the other side, which may go on sending; `"close"` closes
   * both directions, as proxies do that know no half-close; `"hold"` tells it only when the other side has ended too.
   */
  readonly halfClose?: "pass" | "close" | "hold" | undefined;
  /** How many datagrams are lost, 0 to 1. */
  readonly dropProbability?: number | undefined;
  /** How many datagrams come twice, 0 to 1. */
  readonly duplicateProbability?: number | undefined;
  /** How many datagrams are overtaken by the next one to three, 0 to 1. */
  readonly reorderProbability?: number | undefined;
  /** How long such a one waits for others that overtake it, in ms. Default 100. */
  readonly reorderHoldMs?: number | undefined;
  /** Further connections are reset; further senders of datagrams take the place of the one that was silent longest. Default 1 024. */
  readonly maxConnections?: number | undefined;
  /** Of delays and throttling; a {@link manualClock} for tests. */
  readonly clock?: Clock | undefined;
}

const CHAOS_OPTIONS: OptionNames<ChaosOptions> = {
  listen: true,
  seed: true,
  delayMs: true,
  splitBytes: true,
  throttleBytesPerSecond: true,
  resetProbability: true,
  resetAfterBytes: true,
  halfClose: true,
  dropProbability: true,
  duplicateProbability: true,
  reorderProbability: true,
  reorderHoldMs: true,
  maxConnections: true,
  clock: true,
};
const OF_STREAMS = [
  "splitBytes",
  "throttleBytesPerSecond",
  "resetProbability",
  "resetAfterBytes",
  "halfClose",
] as const;
const OF_DATAGRAMS = ["dropProbability", "duplicateProbability", "reorderProbability", "reorderHoldMs"] as const;
const RANGE: OptionNames<Range> = { min: true, max: true };

/** The options, checked and completed. */
export interface Chaos {
  readonly seed: number;
  readonly delayMs: Range;
  readonly splitBytes: Range | undefined;
  readonly bytesPerSecond: number;
  readonly resetProbability: number;
  readonly resetAfterBytes: Range;
  readonly halfClose: "pass" | "close" | "hold";
  readonly dropProbability: number;
  readonly duplicateProbability: number;
  readonly reorderProbability: number;
  readonly reorderHoldMs: number;
  readonly maxConnections: number;
  readonly clock: Clock;
}

const HALF_CLOSES: readonly unknown[] = ["pass", "close", "hold"];

/** @throws TypeError, RangeError with the option's name. */
export function chaosOf(options: ChaosOptions): Chaos {
  checkOptions("chaosProxy()", options, CHAOS_OPTIONS);
  const {
    halfClose = "pass",
    resetAfterBytes = { min: 0, max: 64 * 1024 },
    resetProbability = options.resetAfterBytes === undefined ? 0 : 1,
    clock = systemClock,
  } = options;
  if (!HALF_CLOSES.includes(halfClose)) {
    throw wrongValue("options.halfClose", 'must be "pass", "close" or "hold"', halfClose);
  }
  checkClock(clock);
  const { seed = randomInt(MAX_SEED), delayMs = 0, splitBytes, throttleBytesPerSecond: rate } = options;
  const { dropProbability = 0, duplicateProbability = 0, reorderProbability = 0 } = options;
  const { reorderHoldMs = DEFAULT_REORDER_HOLD_MS, maxConnections = DEFAULT_MAX_CONNECTIONS } = options;
  return {
    seed: integer("options.seed", seed, 0, MAX_SEED),
    delayMs: range("options.delayMs", delayMs, 0, MAX_CHAOS_DELAY_MS),
    splitBytes: splitBytes === undefined ? undefined : bytes("options.splitBytes", splitBytes, 1),
    bytesPerSecond:
      rate === undefined
        ? Number.POSITIVE_INFINITY
        : number("options.throttleBytesPerSecond", rate, 1, MAX_CHAOS_BYTES),
    resetProbability: number("options.resetProbability", resetProbability, 0, 1),
    resetAfterBytes: bytes("options.resetAfterBytes", resetAfterBytes, 0),
    halfClose,
    dropProbability: number("options.dropProbability", dropProbability, 0, 1),
    duplicateProbability: number("options.duplicateProbability", duplicateProbability, 0, 1),
    reorderProbability: number("options.reorderProbability", reorderProbability, 0, 1),
    reorderHoldMs: number("options.reorderHoldMs", reorderHoldMs, 0, MAX_CHAOS_DELAY_MS),
    maxConnections: integer("options.maxConnections", maxConnections, 1, 1_000_000),
    clock,
  };
}

/** What passes is either: an option of the other kind would be taken, and do nothing. */
export function checkKind(options: ChaosOptions, scheme: string): void {
  const isDatagrams = scheme === "udp";
  const [others, kind] = isDatagrams ? [OF_STREAMS, "streams"] : [OF_DATAGRAMS, "datagrams"];
  const found = others.find((name) => options[name] !== undefined);
  if (found === undefined) return;
  throw wrongValue(`options.${found}`, `is for ${kind}, and the target is ${scheme}:`, options[found]);
}

function checkClock(clock: unknown): void {
  const isClock = typeof clock === "object" && clock !== null && "now" in clock && "after" in clock;
  if (!isClock) throw wrongType("options.clock", "a clock, such as manualClock()", clock);
  functionOf("options.clock.now", clock.now);
  functionOf("options.clock.after", clock.after);
}

function bytes(name: string, value: number | Range, min: number): Range {
  const given = range(name, value, min, MAX_CHAOS_BYTES);
  return {
    min: integer(`${name}.min`, given.min, min, MAX_CHAOS_BYTES),
    max: integer(`${name}.max`, given.max, min, MAX_CHAOS_BYTES),
  };
}

function range(name: string, value: number | Range, min: number, max: number): Range {
  if (typeof value === "number") {
    const both = number(name, value, min, max);
    return { min: both, max: both };
  }
  checkRange(name, value);
  const given = { min: number(`${name}.min`, value.min, min, max), max: number(`${name}.max`, value.max, min, max) };
  if (given.min > given.max) throw outOfRange(`${name}.max`, `>= ${given.min}, which is its min`, given.max);
  return given;
}

function checkRange(name: string, value: unknown): void {
  if (typeof value !== "object" || value === null) throw wrongType(name, "of type number, or { min, max }", value);
  checkOptions("a range", value, RANGE, undefined, name);
}

function number(name: string, value: unknown, min: number, max: number): number {
  if (typeof value !== "number") throw wrongType(name, "of type number", value);
  if (!(value >= min && value <= max)) throw outOfRange(name, `>= ${min} && <= ${max}`, value);
  return value;
}
