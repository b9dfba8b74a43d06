import type { Peer } from "../transport/peer.ts";
import type { ConnectionEnd } from "./connection-end.ts";

/** A connection begins to be served. */
export interface ConnectionStart {
  /** No other connection of this thread has it. The message of the end has the same. */
  readonly id: number;
  /** The name of the service. */
  readonly service: string;
  /** Where the server took it: one of its `urls`. */
  readonly url: string;
  readonly peer: Peer;
}

/** What a connection had done when it ended. */
export interface ConnectionTotals {
  /** What has come, read or not. */
  readonly bytesRead: number;
  /** What was sent: what the kernel has taken. */
  readonly bytesWritten: number;
  /** On the monotonic clock. */
  readonly durationMs: number;
}

/** A connection has ended: what its start said, what it did, and why it ended. */
export type ConnectionStop = ConnectionStart & ConnectionTotals & ConnectionEnd;
