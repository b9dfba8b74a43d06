import type { DeadlineName, ServerDeadlineName } from "../time/deadline-error.ts";
import { type DeadlineWheel, deadlines } from "../time/deadline-wheel.ts";
import type { Peer } from "../transport/peer.ts";
import { type ConnectionLimits, type ConnectionOptions, connectionLimits } from "./connection-options.ts";

/** The reasons of {@link ExpiryReason} besides the server's deadlines. */
export const SERVER_EXPIRIES = ["linger", "grace"] as const;
/** Names of connections' own deadlines that are counted separately; further names are counted together. */
export const OTHER_DEADLINES = "other";

/** The names of the server's own deadlines, which are always counted separately. */
export type ServerExpiry = ServerDeadlineName | (typeof SERVER_EXPIRIES)[number];

/**
 * Why a wait for a peer was given up: a deadline of the server or of the connection; `linger`, the peer did not end after it
 * got the end; `grace`, a closing server did not wait longer for the service.
 */
export type ExpiryReason = ServerExpiry | DeadlineName;

/**
 * The limits of connections, and the owner that they report exceeded limits to. All connections of a server share one
 * object.
 */
export interface ConnectionPolicy extends ConnectionLimits {
  /** Whether the connections were accepted, not opened: of the two ends of a connection, the one that opened it always reads. */
  readonly isAccepted: boolean;
  readonly wheel: DeadlineWheel;
  /** The write buffer could not hold a write. */
  onWriteBufferFull(peer: Peer): void;
  onExpired(reason: ExpiryReason, peer: Peer): void;
}

const UNTOLD = { wheel: deadlines, onWriteBufferFull: () => undefined, onExpired: () => undefined };

/** The policy of a client, whose events are not counted. */
export function clientPolicy(given: ConnectionOptions = {}): ConnectionPolicy {
  return { ...connectionLimits(given), ...UNTOLD, isAccepted: false };
}

/** The default policy of a connection. */
export const DEFAULT_POLICY: ConnectionPolicy = { ...connectionLimits({}), ...UNTOLD, isAccepted: true };
