import type { SocketUrl } from "../url/socket-url.ts";
import type { Connection } from "./connection.ts";

/** Implemented by a service that knows when it has no request in progress, and then calls {@link Connection.endInput}. */
export interface ConnectionStopper {
  stop(): void;
}

/**
 * The owner of a connection, normally its server: the connection calls these methods when its state changes. Many connections share
 * one owner, which holds no state of a single connection.
 */
export interface ConnectionOwner {
  /** The address of the listener that accepted the connection. */
  readonly at: SocketUrl;
  /** Whether the connection is still in its handshake or already with the service. */
  readonly state: "handshake" | "open";
  /** Whether the connection counts against the limits of its peer's address. */
  readonly countsForAddress: boolean;
  /** The service's function has returned, and the last push or hold that outlasted it has ended. */
  onReturned(connection: Connection): void;
  /** The service's function has thrown, or its push has failed. */
  onThrown(connection: Connection, error: unknown): void;
  /** Code of the program has failed, and the connection goes on. */
  report(error: unknown, connection: Connection): void;
  /** The connection begins an orderly close; its state has not changed yet. */
  onClosing(connection: Connection): void;
  /** The connection has closed its descriptor; called once. `isSent`: everything written, and the end, was sent before. */
  onClosed(connection: Connection, isSent: boolean): void;
  /** The server closes. */
  stop(reason: Error, connection: Connection): void;
  /** The peer's address is final: a handshake has read it from a proxy's header, or is about to begin expensive work. */
  onPeerFinal(): void;
}
