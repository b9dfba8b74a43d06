import { integer } from "../../socket/values.ts";
import { bytes, choice, ms } from "../options/option-kind.ts";
import { type GivenOptions, type OptionKindsOf, options } from "../options/option-table.ts";
import type { LinkTimeouts } from "../transport/timed-link.ts";

/** The default `maxReadBufferBytes`: with this many unread bytes in the read buffer, the connection pauses reading. */
export const DEFAULT_MAX_READ_BUFFER_BYTES = 64 * 1024;
/**
 * The default `highWaterBytes`: when this many bytes wait to be sent, `write` returns false and an accepted connection pauses its
 * pushes, until fewer bytes than the low-water mark wait.
 */
export const DEFAULT_HIGH_WATER_BYTES = 64 * 1024;
/** The default `lowWaterBytes` where `highWaterBytes` has its default; for any other `highWaterBytes` the default is half of it. */
export const DEFAULT_LOW_WATER_BYTES = 32 * 1024;
/**
 * The default `maxWriteBufferBytes`: the most bytes that may wait to be sent. For a write beyond it, `whenWriteBufferFull` decides
 * whether the connection aborts, drops the write, or throws.
 */
export const DEFAULT_MAX_WRITE_BUFFER_BYTES = 16 * 1024 * 1024;
/**
 * While this many bytes wait to be sent, or half of `maxWriteBufferBytes` where that is less, an accepted connection pauses reads by
 * promise too. This bounds the memory that a peer costs which sends requests and reads no answers.
 */
export const MAX_UNSENT_BYTES_WHILE_READING = 1024 * 1024;
/** The default `drainTimeoutMs`: a connection that ends or closes is aborted when its peer takes nothing for this long. */
export const DEFAULT_DRAIN_TIMEOUT_MS = 30_000;
/** The default of `handshakeTimeoutMs`: a connection whose handshake takes longer is aborted, at both sides. */
export const DEFAULT_HANDSHAKE_TIMEOUT_MS = 10_000;
/** What a connection does with a write that the write buffer cannot hold: see {@link ConnectionOptions}. */
export type WhenWriteBufferFull = (typeof POLICIES)[number];

const POLICIES = ["close", "drop", "throw"] as const;

/** The options of a connection: how many bytes it buffers in each direction, and its timeouts. */
export interface ConnectionOptions {
  /** Received bytes to buffer while nobody reads; from here on, reading pauses and the peer has to wait. 1 to 1 GiB; default 64 KiB. */
  readonly maxReadBufferBytes?: number | undefined;
  /**
   * The high-water mark: when this many bytes or more wait to be sent, `write` returns false, and an accepted connection pauses its
   * pushes (`onBytes`, `onFrame`). 1 to 1 GiB and no more than `maxWriteBufferBytes`; default 64 KiB, or
   * `maxWriteBufferBytes` where that is less.
   */
  readonly highWaterBytes?: number | undefined;
  /**
   * The low-water mark: `drained` settles and pushes resume when fewer bytes than this wait to be sent. 1 to `highWaterBytes`;
   * default half of that.
   */
  readonly lowWaterBytes?: number | undefined;
  /** The most bytes that may wait to be sent. 1 to 1 GiB; default 16 MiB. */
  readonly maxWriteBufferBytes?: number | undefined;
  /**
   * What the connection does with a write that would exceed `maxWriteBufferBytes`. It never takes such a write in part, and the
   * bytes that already wait stay unchanged. The server counts each such write.
   *
   * - `close`, the default: the connection aborts with `ERR_SOCKWRIGHT_WRITE_BUFFER_FULL`.
   * - `drop`: the connection drops the write and goes on, and `write` returns false: for data that is soon out of date.
   * - `throw`: `write` throws `ERR_SOCKWRIGHT_WRITE_BUFFER_FULL`, and the connection goes on: for callers that await `drained`.
   */
  readonly whenWriteBufferFull?: WhenWriteBufferFull | undefined;
  /**
   * How long the peer may take none of the bytes that wait to be sent after `end` or `close`, in ms, 1 or more; then the connection
   * aborts with a DeadlineError. Default 30 000.
   */
  readonly drainTimeoutMs?: number | undefined;
  /**
   * How long the peer may take to send its first byte after the connection was made, in ms, 1 or more. When this deadline or one of
   * those below expires, the connection aborts with a DeadlineError. No deadline expires early, or more than 0.1 s late. Default is
   * no deadline.
   */
  readonly firstByteTimeoutMs?: number | undefined;
  /** How long the connection may go without sending or receiving a byte, in ms, 1 or more. Default is no deadline. */
  readonly idleTimeoutMs?: number | undefined;
  /** How long the peer may send nothing while a read or a push waits for input, in ms, 1 or more. Default is no deadline. */
  readonly readTimeoutMs?: number | undefined;
  /**
   * How long the peer may take none of the bytes that wait to be sent, in ms, 1 or more. Default 30 000 for the connections of a
   * server, and no deadline for those of `connect`.
   */
  readonly writeTimeoutMs?: number | undefined;
  /** How long a connection may last, in ms, 1 or more. Default is no deadline. */
  readonly totalTimeoutMs?: number | undefined;
}

/** The kind of each connection option: its valid values and its default. */
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

/** The checked options of a connection, with every default filled in. */
export interface ConnectionLimits extends LinkTimeouts {
  readonly maxReadBufferBytes: number;
  readonly highWaterBytes: number;
  readonly lowWaterBytes: number;
  readonly maxWriteBufferBytes: number;
  readonly whenWriteBufferFull: WhenWriteBufferFull;
  readonly drainTimeoutMs: number;
  /** How long the peer may take none of the bytes that wait to be sent; undefined for no deadline. */
  readonly writeTimeoutMs: number | undefined;
  /** While this many bytes wait to be sent, an accepted connection pauses reads by promise. */
  readonly maxUnsentBytesWhileReading: number;
}

const TABLE = options(CONNECTION_OPTIONS);

/**
 * Fills in the defaults of checked options. Throws where a water mark is above its bound: `lowWaterBytes` ≤ `highWaterBytes` ≤
 * `maxWriteBufferBytes`.
 */
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
