import type { WhenWriteBufferFull } from "../connection/connection-options.ts";
import type { ExpiryReason } from "../connection/policy.ts";
import type { RefusalReason } from "../limits/admission.ts";
import type { DropReason } from "../limits/datagram-limit.ts";
import type { HandshakeFailure } from "../limits/handshakes.ts";
import type { Peer } from "../transport/peer.ts";
import type { ConnectionsAlarm } from "./connection-alarms.ts";
import type { ConnectionStart, ConnectionStop } from "./connection-messages.ts";

/** The fields of each message about one peer. */
export interface AboutPeer {
  readonly peer: Peer;
  /** The name of the service. */
  readonly service: string;
}

/** The name of a hook: a function of the server's options, or `stop` of its service. */
export type HookName = "onError" | "onAlarm" | "context" | "stop";

/** The channels of `node:diagnostics_channel` on which a server publishes, and the type of message on each. */
export interface ServerMessages {
  /** The service got a connection. */
  "sockwright:server:connection:start": ConnectionStart;
  /** A connection that the service got has ended. */
  "sockwright:server:connection:stop": ConnectionStop;
  /** The server reset a connection instead of serving it. */
  "sockwright:server:refused": AboutPeer & { readonly reason: RefusalReason };
  /** The handshake of a connection failed; the service does not get it. */
  "sockwright:server:handshake-failed": AboutPeer & {
    readonly reason: HandshakeFailure;
    readonly error: Error | undefined;
  };
  /** A deadline of a connection passed. */
  "sockwright:server:timeout": AboutPeer & { readonly deadline: ExpiryReason };
  /** The write buffer could not hold a write. */
  "sockwright:server:write-buffer-full": AboutPeer & { readonly whenWriteBufferFull: WhenWriteBufferFull };
  /** The server dropped a datagram before the service. */
  "sockwright:server:dropped": AboutPeer & { readonly reason: DropReason };
  /** An alarm on the number of open connections was raised or cleared. */
  "sockwright:server:alarm": ConnectionsAlarm;
  /**
   * The service failed on a connection or a datagram, or a listener or a hook failed. A listener's failure has no peer; a hook's
   * has one when the hook was called for a peer.
   */
  "sockwright:server:error": {
    readonly error: unknown;
    readonly peer: Peer | undefined;
    readonly service: string;
    /** The hook that threw, or whose promise rejected. */
    readonly hook?: HookName;
  };
}
