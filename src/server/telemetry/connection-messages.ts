import type { Peer } from "../transport/peer.ts";
import type { ConnectionEnd } from "./connection-end.ts";

/** The message when the service gets a connection. */
export interface ConnectionStart {
  /** The `id` of the connection, unique in this thread. The message of its end has the same. */
  readonly id: number;
  /** The name of the service. */
  readonly service: string;
  /** The URL of the listener that accepted it: one of the server's `urls`. */
  readonly url: string;
  readonly peer: Peer;
}

/** The totals of a connection at its end. */
export interface ConnectionTotals {
  /** Bytes received, read or not. */
  readonly bytesRead: number;
  /** Bytes sent: those that the kernel has accepted. */
  readonly bytesWritten: number;
  /** How long the connection lasted, in ms of the monotonic clock. */
  readonly durationMs: number;
}

/** The message when a connection has ended: the fields of its start, its totals, and why it ended. */
export type ConnectionStop = ConnectionStart & ConnectionTotals & ConnectionEnd;
