import { integer, type OptionNames, wrongValue } from "../../socket/values.ts";

/** What a connection keeps that nobody reads; then it is not read from. */
export const DEFAULT_MAX_READ_BUFFER_BYTES = 64 * 1024;
/** `write` gives false from here on, and nothing is pushed, until less than the low mark waits to be sent. */
export const DEFAULT_HIGH_WATER_BYTES = 64 * 1024;
/** The low mark, where the other is the default; else half of that. */
export const DEFAULT_LOW_WATER_BYTES = 32 * 1024;
/** More than this never waits to be sent. */
export const DEFAULT_MAX_WRITE_BUFFER_BYTES = 16 * 1024 * 1024;
/**
 * While so much waits to be sent, or half of `maxWriteBufferBytes` where that is less, an accepted connection is not read from
 * by promise either: a peer that sends and takes no answers costs no more than this.
 */
export const MAX_UNSENT_BYTES_WHILE_READING = 1024 * 1024;
/** After the close, a peer may take nothing for so long. */
export const DEFAULT_DRAIN_TIMEOUT_MS = 30_000;
const MAX_BUFFER_LIMIT_BYTES = 1024 * 1024 * 1024;
const MAX_DRAIN_TIMEOUT_MS = 2_147_483_647;

/** What becomes of a write that the write buffer cannot hold: see {@link ConnectionOptions}. */
export type WhenWriteBufferFull = (typeof POLICIES)[number];

const POLICIES = ["close", "drop", "throw"] as const;

/** What a connection keeps of what it was not asked for yet, and of what its peer does not take. */
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
}

/** What they are called. */
export const CONNECTION_OPTIONS: OptionNames<ConnectionOptions> = {
  maxReadBufferBytes: true,
  highWaterBytes: true,
  lowWaterBytes: true,
  maxWriteBufferBytes: true,
  whenWriteBufferFull: true,
  drainTimeoutMs: true,
};

/** The options with all that was left open filled in. */
export interface ConnectionLimits {
  readonly maxReadBufferBytes: number;
  readonly highWaterBytes: number;
  readonly lowWaterBytes: number;
  readonly maxWriteBufferBytes: number;
  readonly whenWriteBufferFull: WhenWriteBufferFull;
  readonly drainTimeoutMs: number;
  /** While so much waits to be sent, an accepted connection is not read from by promise. */
  readonly maxUnsentBytesWhileReading: number;
}

/** What the options say, and their defaults. Throws for what cannot be. */
export function connectionLimits(options: ConnectionOptions): ConnectionLimits {
  const {
    maxReadBufferBytes = DEFAULT_MAX_READ_BUFFER_BYTES,
    maxWriteBufferBytes = DEFAULT_MAX_WRITE_BUFFER_BYTES,
    whenWriteBufferFull = "close",
    drainTimeoutMs = DEFAULT_DRAIN_TIMEOUT_MS,
  } = options;
  const policy = POLICIES.find((each) => each === whenWriteBufferFull);
  if (policy === undefined) {
    throw wrongValue("options.whenWriteBufferFull", 'must be "close", "drop" or "throw"', whenWriteBufferFull);
  }
  const most = bytes("maxWriteBufferBytes", maxWriteBufferBytes, MAX_BUFFER_LIMIT_BYTES);
  const { highWaterBytes = Math.min(DEFAULT_HIGH_WATER_BYTES, most) } = options;
  const high = bytes("highWaterBytes", highWaterBytes, most);
  const { lowWaterBytes = Math.ceil(high / 2) } = options;
  return {
    maxReadBufferBytes: bytes("maxReadBufferBytes", maxReadBufferBytes, MAX_BUFFER_LIMIT_BYTES),
    highWaterBytes: high,
    lowWaterBytes: bytes("lowWaterBytes", lowWaterBytes, high),
    maxWriteBufferBytes: most,
    whenWriteBufferFull: policy,
    drainTimeoutMs: integer("options.drainTimeoutMs", drainTimeoutMs, 1, MAX_DRAIN_TIMEOUT_MS),
    maxUnsentBytesWhileReading: Math.min(MAX_UNSENT_BYTES_WHILE_READING, most / 2),
  };
}

function bytes(name: string, value: number, most: number): number {
  return integer(`options.${name}`, value, 1, most);
}
