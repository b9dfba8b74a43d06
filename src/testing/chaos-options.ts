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

/** Default limit of open connections, or of senders of datagrams, of one chaos proxy. */
const DEFAULT_MAX_CONNECTIONS = 1_024;
/** Default time that a reordered datagram waits for others to overtake it; then the proxy sends it. */
const DEFAULT_REORDER_HOLD_MS = 100;
/** The largest seed that the options accept, 32 bits; above it they throw a RangeError. */
export const MAX_SEED = 0xffffffff;
/** The longest `delayMs` and `reorderHoldMs` that the options accept; above it they throw a RangeError. */
const MAX_CHAOS_DELAY_MS = 3_600_000;
/** The largest byte count or rate that the options accept; above it they throw a RangeError. */
const MAX_CHAOS_BYTES = 0x10000000000;

/** The faults that a {@link chaosProxy} injects. All of them are off by default. */
export interface ChaosOptions {
  /** The URL that the proxy listens on. Default: a free port on 127.0.0.1, or for a `unix:` target a new path in the
   * folder for temporary files. */
  readonly listen?: string | undefined;
  /** The seed of all decisions, 0 to 2^32-1; the same seed makes the same decisions. Default: a random one, see {@link ChaosProxy.seed}. */
  readonly seed?: number | undefined;
  /** Delay of bytes and datagrams in ms, up to one hour. Their order does not change. */
  readonly delayMs?: number | Range | undefined;
  /** Size in bytes of the pieces that a stream is split into; the proxy sends each piece in its own turn of the event loop. */
  readonly splitBytes?: number | Range | undefined;
  /** Rate limit in bytes per second, for each direction of each connection. */
  readonly throttleBytesPerSecond?: number | undefined;
  /** Probability that the proxy resets a connection, 0 to 1. Default 1 with `resetAfterBytes`, else 0. */
  readonly resetProbability?: number | undefined;
  /** Bytes in one direction after which the reset comes; the direction that gets there first counts. Default 0 to 64 KiB. */
  readonly resetAfterBytes?: number | Range | undefined;
  /**
   * The effect when one side ends its direction. `"pass"`, the default: the proxy ends the direction on the other side,
   * which may go on sending. `"close"`: it closes both directions, like a proxy without half-close. `"hold"`: it passes
   * the end on only after the other side has ended too.
   */
  readonly halfClose?: "pass" | "close" | "hold" | undefined;
  /** Probability that the proxy drops a datagram, 0 to 1. */
  readonly dropProbability?: number | undefined;
  /** Probability that the proxy sends a datagram twice, 0 to 1. */
  readonly duplicateProbability?: number | undefined;
  /** Probability that the next one to three datagrams overtake a datagram, 0 to 1. */
  readonly reorderProbability?: number | undefined;
  /** Longest time in ms that a reordered datagram waits for others to overtake it, up to one hour. Default 100. */
  readonly reorderHoldMs?: number | undefined;
  /**
   * Limit of open connections, or of senders of datagrams, 1 to 1 000 000. Beyond it the proxy resets a new connection; a
   * new sender of datagrams replaces the one that was silent longest. Default 1 024.
   */
  readonly maxConnections?: number | undefined;
  /** The clock of delays and throttling, such as a {@link manualClock}. Default: the system clock. */
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

/** The options of a chaos proxy after validation, with defaults filled in. */
export interface ChaosSettings {
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

/**
 * Validates the options and fills in defaults.
 *
 * @throws TypeError, RangeError with the option's name.
 */
export function chaosSettingsOf(options: ChaosOptions): ChaosSettings {
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

/** Throws for an option of streams with a target of datagrams, and the reverse: the option would have no effect. */
export function checkKind(options: ChaosOptions, scheme: string): void {
  const isDatagrams = scheme === "udp";
  const [others, kind] = isDatagrams ? [OF_STREAMS, "streams"] : [OF_DATAGRAMS, "datagrams"];
  const found = others.find((name) => options[name] !== undefined);
  if (found === undefined) return;
  throw wrongValue(`options.${found}`, `applies to ${kind} only, but the target is ${scheme}:`, options[found]);
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
