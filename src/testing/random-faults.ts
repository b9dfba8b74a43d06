import { constants } from "node:os";
import { checkOptions, integer, type OptionNames, outOfRange, wrongType } from "../socket/values.ts";
import { MAX_SEED } from "./chaos-options.ts";
import type { FaultyCall, Limit } from "./kernel-fault.ts";
import { Random } from "./random.ts";

const { EAGAIN, EINTR, ENOBUFS } = constants.errno;
/** The largest probability of a fault; above it the options throw. A call that always failed would be retried without end. */
const MAX_FAULT_PROBABILITY = 0.95;

/** The probabilities of random faults of system calls, each from 0 to 0.95. */
export interface RandomFaultOptions {
  /** The same seed gives the same faults for the same calls. Default 1. */
  readonly seed?: number | undefined;
  /** A read or a write of a stream moves fewer bytes than it was asked to, at least 1. Default 0.5. */
  readonly shortProbability?: number | undefined;
  /** A read, a write or an accept that could succeed fails with `EAGAIN`. Default 0.1. */
  readonly againProbability?: number | undefined;
  /** A call that can be interrupted, or the wait for events, fails with `EINTR`. Default 0.1. */
  readonly interruptProbability?: number | undefined;
  /** The poller reports a socket as ready that is not. Default 0.1. */
  readonly spuriousProbability?: number | undefined;
  /** A write fails with `ENOBUFS`, which its caller receives. Default 0. */
  readonly noBuffersProbability?: number | undefined;
}

const RANDOM_FAULT_OPTIONS: OptionNames<RandomFaultOptions> = {
  seed: true,
  shortProbability: true,
  againProbability: true,
  interruptProbability: true,
  spuriousProbability: true,
  noBuffersProbability: true,
};

const READS: ReadonlySet<FaultyCall> = new Set<FaultyCall>(["recv", "recvfrom", "recvmsg"]);
const WRITES: ReadonlySet<FaultyCall> = new Set<FaultyCall>(["send", "sendto", "sendmsg"]);

/** The source of random faults of a fake kernel, by seed. */
export class RandomFaults {
  readonly seed: number;
  readonly #random: Random;
  readonly #short: number;
  readonly #again: number;
  readonly #interrupt: number;
  readonly #spurious: number;
  readonly #noBuffers: number;

  constructor(options: RandomFaultOptions) {
    checkOptions("kernel.randomFaults()", options, RANDOM_FAULT_OPTIONS, (seed) => `, such as { seed: ${seed} }`);
    const { seed = 1, shortProbability = 0.5, againProbability = 0.1, interruptProbability = 0.1 } = options;
    const { spuriousProbability = 0.1, noBuffersProbability = 0 } = options;
    this.seed = integer("options.seed", seed, 0, MAX_SEED);
    this.#random = new Random(this.seed, 0, 0);
    this.#short = probability("options.shortProbability", shortProbability);
    this.#again = probability("options.againProbability", againProbability);
    this.#interrupt = probability("options.interruptProbability", interruptProbability);
    this.#spurious = probability("options.spuriousProbability", spuriousProbability);
    this.#noBuffers = probability("options.noBuffersProbability", noBuffersProbability);
  }

  /** Returns the fault of the next call; `most` is the number of bytes that it would move. */
  next(call: FaultyCall, most: number): Limit {
    const [isRead, isWrite] = [READS.has(call), WRITES.has(call)];
    const isTransfer = isRead || isWrite;
    if ((isTransfer || call === "accept" || call === "connect") && this.#random.chance(this.#interrupt)) return -EINTR;
    if ((isTransfer || call === "accept") && this.#random.chance(this.#again)) return -EAGAIN;
    if (isWrite && this.#random.chance(this.#noBuffers)) return -ENOBUFS;
    if (!isTransfer || most <= 1 || !this.#random.chance(this.#short)) return Number.POSITIVE_INFINITY;
    return this.#random.integer({ min: 1, max: most });
  }

  isInterrupted(): boolean {
    return this.#random.chance(this.#interrupt);
  }

  isSpurious(): boolean {
    return this.#random.chance(this.#spurious);
  }
}

function probability(name: string, value: unknown): number {
  if (typeof value !== "number") throw wrongType(name, "of type number", value);
  if (!(value >= 0 && value <= MAX_FAULT_PROBABILITY))
    throw outOfRange(name, `>= 0 && <= ${MAX_FAULT_PROBABILITY}`, value);
  return value;
}
