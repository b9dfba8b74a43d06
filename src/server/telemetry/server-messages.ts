import type { RefusalReason } from "../admission.ts";
import type { DropReason } from "../datagram-limit.ts";
import type { ExpiryReason } from "../flow.ts";
import type { WhenOutboxFull } from "../flow-limits.ts";
import type { Peer } from "../peer.ts";
import type { ConnectionsAlarm } from "../serve-options.ts";
import type { ConnectionEnd } from "./connection-end.ts";

/** A connection begins to be served. */
export interface ConnectionStart {
  /** Unique in this process. The message of the end has the same. */
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

/** Whom a message of a server is about. */
export interface AboutPeer {
  readonly peer: Peer;
  /** The name of the service. */
  readonly service: string;
}

/** What a server publishes on `node:diagnostics_channel`: the names of the channels, and what comes on each. */
export interface ServerMessages {
  "sockwright:server:connection:start": ConnectionStart;
  "sockwright:server:connection:stop": ConnectionStop;
  /** A connection was reset instead of served. */
  "sockwright:server:refused": AboutPeer & { readonly reason: RefusalReason };
  /** A connection was not waited for any longer. */
  "sockwright:server:timeout": AboutPeer & { readonly deadline: ExpiryReason };
  /** There was no room for a write. */
  "sockwright:server:overflow": AboutPeer & { readonly whenOutboxFull: WhenOutboxFull };
  /** A datagram was not given to the service. */
  "sockwright:server:dropped": AboutPeer & { readonly reason: DropReason };
  /** A level of open connections was passed, or is passed no more. */
  "sockwright:server:alarm": ConnectionsAlarm;
  /** The service failed on a connection or a datagram, or a listener failed: then there is no peer. */
  "sockwright:server:error": {
    readonly error: unknown;
    readonly peer: Peer | undefined;
    readonly service: string;
  };
}
