import type { ExpiryReason } from "../connection/flow.ts";
import type { RefusalReason } from "../limits/admission.ts";
import type { DropReason } from "../limits/datagram-limit.ts";
import type { WhenWriteBufferFull } from "../limits/flow-limits.ts";
import type { ConnectionsAlarm } from "../serve-options.ts";
import type { Peer } from "../transport/peer.ts";
import type { ConnectionStart, ConnectionStop } from "./connection-messages.ts";

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
  "sockwright:server:write-buffer-full": AboutPeer & { readonly whenWriteBufferFull: WhenWriteBufferFull };
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
