import type { WhenWriteBufferFull } from "../connection/connection-options.ts";
import type { ExpiryReason } from "../connection/policy.ts";
import type { RefusalReason } from "../limits/admission.ts";
import type { DropReason } from "../limits/datagram-limit.ts";
import type { HandshakeFailure } from "../limits/handshakes.ts";
import type { Peer } from "../transport/peer.ts";
import type { ConnectionsAlarm } from "./connection-alarms.ts";
import type { ConnectionStart, ConnectionStop } from "./connection-messages.ts";

/** Whom a message of a server is about. */
export interface AboutPeer {
  readonly peer: Peer;
  /** The name of the service. */
  readonly service: string;
}

/** A function of a server's options; and `stop`, of its service. */
export type HookName = "onError" | "onAlarm" | "context" | "stop";

/** What a server publishes on `node:diagnostics_channel`: the names of the channels, and what comes on each. */
export interface ServerMessages {
  "sockwright:server:connection:start": ConnectionStart;
  "sockwright:server:connection:stop": ConnectionStop;
  /** A connection was reset instead of served. */
  "sockwright:server:refused": AboutPeer & { readonly reason: RefusalReason };
  /** A connection did not come from its handshake to the service. */
  "sockwright:server:handshake-failed": AboutPeer & {
    readonly reason: HandshakeFailure;
    readonly error: Error | undefined;
  };
  /** A connection was not waited for any longer. */
  "sockwright:server:timeout": AboutPeer & { readonly deadline: ExpiryReason };
  /** The write buffer could not hold a write. */
  "sockwright:server:write-buffer-full": AboutPeer & { readonly whenWriteBufferFull: WhenWriteBufferFull };
  /** A datagram was not given to the service. */
  "sockwright:server:dropped": AboutPeer & { readonly reason: DropReason };
  /** A level of open connections was passed, or is passed no more. */
  "sockwright:server:alarm": ConnectionsAlarm;
  /**
   * The service failed on a connection or a datagram; or a listener or a hook failed: then there is no peer, except where the
   * hook was called for one.
   */
  "sockwright:server:error": {
    readonly error: unknown;
    readonly peer: Peer | undefined;
    readonly service: string;
    /** Which hook it was that threw, or whose promise rejected. */
    readonly hook?: HookName;
  };
}
