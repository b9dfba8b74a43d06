import type { Connection } from "../connection/connection.ts";
import { formatSocketUrl, type SocketUrl } from "../url/socket-url.ts";
import { connectionStarts, connectionStops } from "./channels.ts";
import type { ConnectionEnd } from "./connection-end.ts";
import type { ConnectionStart } from "./connection-messages.ts";

let lastId = 0;

/** Tells of the connections of a server when they begin and when they have ended. Nobody listens: nothing is kept. */
export class ConnectionSpans {
  readonly #service: string;
  readonly #begun = new Map<Connection, ConnectionStart>();

  constructor(service: string) {
    this.#service = service;
  }

  /** Whether anybody listens. */
  get areHeard(): boolean {
    return connectionStarts.hasSubscribers || connectionStops.hasSubscribers;
  }

  /** What is told of a connection when it begins. */
  describe({ peer }: Pick<Connection, "peer">, at: SocketUrl): ConnectionStart {
    return { id: ++lastId, service: this.#service, url: formatSocketUrl(at), peer };
  }

  begin(connection: Connection, start: ConnectionStart): void {
    if (!this.areHeard) return;
    this.#begun.set(connection, start);
    connectionStarts.publish(start);
  }

  /** Who began to listen in the middle is not told: an end without its beginning fits into no trace. */
  end(connection: Connection, end: ConnectionEnd): void {
    const start = this.#begun.get(connection);
    if (start === undefined) return;
    this.#begun.delete(connection);
    if (!connectionStops.hasSubscribers) return;
    const { bytesRead, bytesWritten, durationMs } = connection.stats;
    connectionStops.publish({ ...start, bytesRead, bytesWritten, durationMs, ...end });
  }
}
