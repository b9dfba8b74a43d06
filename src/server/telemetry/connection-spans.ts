import type { Connection } from "../connection/connection.ts";
import type { Peer } from "../transport/peer.ts";
import { formatSocketUrl, type SocketUrl } from "../url/socket-url.ts";
import { connectionStarts, connectionStops } from "./channels.ts";
import type { ConnectionEnd } from "./connection-end.ts";
import type { ConnectionStart } from "./connection-messages.ts";

/** Tells of the connections of a server when they begin and when they have ended. */
export class ConnectionSpans {
  readonly #named: { readonly service: string };

  /** @param named - who knows what the service is called, which a reload may change. */
  constructor(named: { readonly service: string }) {
    this.#named = named;
  }

  /** Whether anybody listens. */
  get hasSubscribers(): boolean {
    return connectionStarts.hasSubscribers || connectionStops.hasSubscribers;
  }

  /** What is told of a connection when it begins. */
  describe(id: number, peer: Peer, at: SocketUrl): ConnectionStart {
    return { id, service: this.#named.service, url: formatSocketUrl(at), peer };
  }

  begin(start: ConnectionStart): void {
    if (connectionStarts.hasSubscribers) connectionStarts.publish(start);
  }

  /** Who began to listen in the middle is not told: an end without its beginning fits into no trace. */
  end(start: ConnectionStart, connection: Connection, end: ConnectionEnd): void {
    if (!connectionStops.hasSubscribers) return;
    const { bytesRead, bytesWritten, durationMs } = connection.stats();
    connectionStops.publish({ ...start, bytesRead, bytesWritten, durationMs, ...end });
  }
}
