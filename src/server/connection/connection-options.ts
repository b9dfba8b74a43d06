import { integer } from "../../socket/values.ts";
import { bytes, choice, ms } from "../options/option-kind.ts";
import { type GivenOptions, type OptionKindsOf, options } from "../options/option-table.ts";
import type { LinkTimeouts } from "../transport/timed-link.ts";

/** What a connection keeps that nobody reads; then it is not read from. */
export const DEFAULT_MAX_READ_BUFFER_BYTES = 64 * 1024;
/** `write` gives false from here on, and nothing is pushed, until less than the low mark waits to be sent. */
export const DEFAULT_HIGH_WATER_BYTES = 64 * 1024;
/** The low mark, where the other is the default; else half of that. */
export const DEFAULT_LOW_WATER_BYTES = 32 * 1024;
/**
 * The most that waits to be sent. A write beyond it aborts the connection or is not taken, as `whenWriteBufferFull`
 * says.
 */
export const DEFAULT_MAX_WRITE_BUFFER_BYTES = 16 * 1024 * 1024;
/**
 * While so much waits to be sent, or half of `maxWriteBufferBytes` where that is less, an accepted connection is not read from
 * by promise either: a peer that sends and takes no answers costs no more than this.
 */
export const MAX_UNSENT_BYTES_WHILE_READING = 1024 * 1024;
/** After the close, a peer may take nothing for so long. */
export const DEFAULT_DRAIN_TIMEOUT_MS = 30_000;
/** What becomes of a write that the write buffer cannot hold: see {@link ConnectionOptions}. */
export type WhenWriteBufferFull = (typeof POLICIES)[number];

const POLICIES = ["close", "drop", "throw"] as const;

/** What a connection keeps, of what it was not asked for yet and of what its peer does not take, and how long it waits. */
export interface ConnectionOptions {
  /** How many bytes that came are kept until they are read; then the peer has to wait. 1 to 1 GiB; default 64 KiB. */
  readonly maxReadBufferBytes?: number | undefined;
  /**
   * When this many bytes or more wait to be sent, `write` gives false, and an accepted connection passes nothing that it
   * receives to `onBytes` and `onFrame`. 1 to 1 GiB and no more than `maxWriteBufferBytes`; default 64 KiB.
   */
  readonly highWaterBytes?: number | undefined;
  /** That lasts until fewer bytes than this wait to be sent. 1 to `highWaterBytes`; default half of that. */
  readonly lowWaterBytes?: number | undefined;
  /** No more bytes than this ever wait to be sent. 1 to 1 GiB; default 16 MiB. */
  readonly maxWriteBufferBytes?: number | undefined;
  /**
   * What becomes of a write that would exceed `maxWriteBufferBytes`. None is ever taken in part, and the
   * connection's other bytes are as they were. Each is counted.
   *
   * - `close`, the default: the connection is aborted with `ERR_SOCKWRIGHT_WRITE_BUFFER_FULL`.
   * - `drop`: the write is dropped, `write` gives false, and the connection goes on: for news that are soon old.
   * - `throw`: `write` throws `ERR_SOCKWRIGHT_WRITE_BUFFER_FULL`, and the connection goes on: for whoever waits for `drained`.
   */
  readonly whenWriteBufferFull?: WhenWriteBufferFull | undefined;
  /**
   * How long the peer may take nothing of what waits to be sent after `end` or `close`, in ms, 1 or more; then the connection
   * is aborted with a DeadlineError. Default 30 000.
   */
  readonly drainTimeoutMs?: number | undefined;
  /**
   * How long the peer may send nothing after the connection was made, in ms, 1 or more; then the connection is aborted, as by each
   * of these deadlines, with a DeadlineError. None is early, and none more than 0.1 s late. Default is no deadline.
   */
  readonly firstByteTimeoutMs?: number | undefined;
  /** How long nothing may be sent or received, in ms, 1 or more. Default is no deadline. */
  readonly idleTimeoutMs?: number | undefined;
  /** How long the peer may send nothing while somebody reads, in ms, 1 or more. Default is no deadline. */
  readonly readTimeoutMs?: number | undefined;
  /**
   * How long the peer may take nothing of what waits to be sent, in ms, 1 or more. Default 30 000 for the connections of a
   * server, and no deadline for those of `connect`.
   */
  readonly writeTimeoutMs?: number | undefined;
  /** How long a connection may last, in ms, 1 or more. Default is no deadline. */
  readonly totalTimeoutMs?: number | undefined;
}

/** What they can be. */
export const CONNECTION_OPTIONS = {
  maxReadBufferBytes: bytes({ default: DEFAULT_MAX_READ_BUFFER_BYTES }),
  highWaterBytes: bytes(),
  lowWaterBytes: bytes(),
  maxWriteBufferBytes: bytes({ default: DEFAULT_MAX_WRITE_BUFFER_BYTES }),
  whenWriteBufferFull: choice(POLICIES, { default: "close" }),
  drainTimeoutMs: ms({ default: DEFAULT_DRAIN_TIMEOUT_MS }),
  firstByteTimeoutMs: ms(),
  idleTimeoutMs: ms(),
  readTimeoutMs: ms(),
  writeTimeoutMs: ms(),
  totalTimeoutMs: ms(),
} satisfies OptionKindsOf<ConnectionOptions>;

/** The options with all that was left open filled in. */
export interface ConnectionLimits extends LinkTimeouts {
  readonly maxReadBufferBytes: number;
  readonly highWaterBytes: number;
  readonly lowWaterBytes: number;
  readonly maxWriteBufferBytes: number;
  readonly whenWriteBufferFull: WhenWriteBufferFull;
  readonly drainTimeoutMs: number;
  /** How long the peer may take nothing of what waits to be sent; undefined is for ever. */
  readonly writeTimeoutMs: number | undefined;
  /** While so much waits to be sent, an accepted connection is not read from by promise. */
  readonly maxUnsentBytesWhileReading: number;
}

const TABLE = options(CONNECTION_OPTIONS);

/** What options say that were checked, with the defaults of all others. Throws for marks that contradict each other. */
export function connectionLimits(
  given: GivenOptions<typeof CONNECTION_OPTIONS>,
  argument = "options",
): ConnectionLimits {
  const values = TABLE.fill(given);
  const most = values.maxWriteBufferBytes;
  const { highWaterBytes = Math.min(DEFAULT_HIGH_WATER_BYTES, most) } = values;
  const high = integer(`${argument}.highWaterBytes`, highWaterBytes, 1, most);
  const { lowWaterBytes = Math.ceil(high / 2) } = values;
  return {
    ...values,
    highWaterBytes: high,
    lowWaterBytes: integer(`${argument}.lowWaterBytes`, lowWaterBytes, 1, high),
    maxUnsentBytesWhileReading: Math.min(MAX_UNSENT_BYTES_WHILE_READING, most / 2),
  };
}
