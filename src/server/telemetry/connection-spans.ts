import type { Connection } from "../connection/connection.ts";
import type { Peer } from "../transport/peer.ts";
import { formatSocketUrl, type SocketUrl } from "../url/socket-url.ts";
import { connectionStarts, connectionStops } from "./channels.ts";
import type { ConnectionEnd } from "./connection-end.ts";
import type { ConnectionStart } from "./connection-messages.ts";

/** Publishes a message when a connection of a server begins, and one when it has ended. */
export class ConnectionSpans {
  readonly #names: { readonly service: string };

  /** @param names - holds the name of the service, which a reload may change. */
  constructor(names: { readonly service: string }) {
    this.#names = names;
  }

  /** Whether one of the two channels has subscribers. */
  get hasSubscribers(): boolean {
    return connectionStarts.hasSubscribers || connectionStops.hasSubscribers;
  }

  /** The message of a connection's begin. */
  describe(id: number, peer: Peer, at: SocketUrl): ConnectionStart {
    return { id, service: this.#names.service, url: formatSocketUrl(at), peer };
  }

  begin(start: ConnectionStart): void {
    if (connectionStarts.hasSubscribers) connectionStarts.publish(start);
  }

  /** Call it only for a connection whose begin was described: an end without its begin fits into no trace. */
  end(start: ConnectionStart, connection: Connection, end: ConnectionEnd): void {
    if (!connectionStops.hasSubscribers) return;
    const { bytesRead, bytesWritten, durationMs } = connection.stats();
    connectionStops.publish({ ...start, bytesRead, bytesWritten, durationMs, ...end });
  }
}
