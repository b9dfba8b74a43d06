import type { DeadlineName, ServerDeadlineName } from "../time/deadline-error.ts";
import { type DeadlineWheel, deadlines } from "../time/deadline-wheel.ts";
import type { Peer } from "../transport/peer.ts";
import { type ConnectionLimits, type ConnectionOptions, connectionLimits } from "./connection-options.ts";

/** What a server does not wait for besides, as {@link ExpiryReason} says. */
export const SERVER_EXPIRIES = ["linger", "grace"] as const;
/** What is counted of deadlines of connections' own beyond so many names. */
export const OTHER_DEADLINES = "other";

/** Those that a server has of itself, and that every one counts. */
export type ServerExpiry = ServerDeadlineName | (typeof SERVER_EXPIRIES)[number];

/**
 * What a connection was not waited for any longer: a deadline, of the server's or the connection's own; `linger`, the end of a
 * peer that was sent its own; `grace`, the service, by a server that closes.
 */
export type ExpiryReason = ServerExpiry | DeadlineName;

/**
 * What connections go by, and whom they tell when that was too little. All connections of a server share one: none of it is
 * theirs.
 */
export interface ConnectionPolicy extends ConnectionLimits {
  /** Whether the connections were accepted, and not made: of the two ends of a connection, the one that made it always reads. */
  readonly isAccepted: boolean;
  readonly wheel: DeadlineWheel;
  /** The write buffer could not hold a write. */
  writeBufferFull(peer: Peer): void;
  expired(reason: ExpiryReason, peer: Peer): void;
}

const UNTOLD = { wheel: deadlines, writeBufferFull: () => undefined, expired: () => undefined };

/** Of a client, which nobody counts for. */
export function clientPolicy(given: ConnectionOptions = {}): ConnectionPolicy {
  return { ...connectionLimits(given), ...UNTOLD, isAccepted: false };
}

/** What a connection goes by that was not told anything else. */
export const DEFAULT_POLICY: ConnectionPolicy = { ...connectionLimits({}), ...UNTOLD, isAccepted: true };
