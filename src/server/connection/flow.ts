import type { DeadlineName } from "../limits/deadline-error.ts";
import { type DeadlineWheel, deadlines } from "../limits/deadline-wheel.ts";
import { type FlowLimits, type FlowOptions, flowLimits } from "../limits/flow-limits.ts";
import type { Peer } from "../transport/peer.ts";

/**
 * What a connection was not waited for any longer: a deadline; `linger`, the end of a peer that was sent its own; `grace`,
 * the service, by a server that closes.
 */
export type ExpiryReason = DeadlineName | "linger" | "grace";

/**
 * What connections go by, and whom they tell when that was too little. All connections of a server share one: none of it is
 * theirs.
 */
export interface Flow extends FlowLimits {
  /** Whether the connections were accepted, and not made: of the two ends of a connection, the one that made it always reads. */
  readonly isAccepted: boolean;
  /** How long the peer may take nothing of what waits to be sent; undefined is for ever. */
  readonly writeTimeoutMs?: number | undefined;
  readonly wheel: DeadlineWheel;
  /** The write buffer could not hold a write. */
  writeBufferFull(peer: Peer): void;
  expired(reason: ExpiryReason, peer: Peer): void;
}

const UNTOLD = { wheel: deadlines, writeBufferFull: () => undefined, expired: () => undefined };

/** Of a client, which nobody counts for. */
export function clientFlow(options: FlowOptions = {}): Flow {
  return { ...flowLimits(options), ...UNTOLD, isAccepted: false };
}

/** What a connection goes by that was not told anything else. */
export const DEFAULT_FLOW: Flow = { ...flowLimits({}), ...UNTOLD, isAccepted: true };
