import { PlacedList } from "../native/placed-list.ts";
import { promiseOf } from "../socket/values.ts";
import type { Connection, ConnectionOwner } from "./connection/connection.ts";
import type { Admission } from "./limits/admission.ts";
import type { Service } from "./service.ts";
import { type ConnectionEnd, endOfClose, endOfLoss, failureOf } from "./telemetry/connection-end.ts";
import type { ConnectionStart } from "./telemetry/connection-messages.ts";
import type { ConnectionSpans } from "./telemetry/connection-spans.ts";
import type { ServerReports } from "./telemetry/server-reports.ts";
import { ConnectionError, isError } from "./transport/connection-error.ts";
import type { Peer } from "./transport/peer.ts";
import { formatSocketUrl, type SocketUrl } from "./url/socket-url.ts";

/** A connection of a server, as it is at one moment. */
export interface ConnectionInfo {
  /** The `id` of the connection: what {@link Server.abort} takes. */
  readonly id: number;
  /** Where the server took it: one of its `urls`. */
  readonly url: string;
  readonly peer: Peer;
  /** `closing`: the service is done with it, and what was written is still to be sent, or the peer's end to come. */
  readonly state: "open" | "closing";
  readonly openedAt: Date;
  /** What has come, read or not. */
  readonly bytesRead: number;
  /** What was sent: what the kernel has taken. */
  readonly bytesWritten: number;
}

/**
 * Whom a server serves: the connections that are open, and the calls of the service's function that go on. A connection
 * leaves, and its place is free, when its descriptor is closed, whatever its handler does; the handler is counted apart.
 */
export class ConnectionSet {
  readonly service: Service;
  readonly reports: ServerReports;
  readonly spans: ConnectionSpans;
  readonly #admission: Admission;
  readonly #open = new PlacedList<Connection>();
  /** Calls of the service's function that have not settled, or whose connection is still being closed for them. */
  #running = 0;
  #isStopped = false;
  /** With what a server that closes aborts: known by itself, and by nothing else. */
  #closeReason: Error | undefined;
  /** Set while a close waits for the last of them. */
  #allLeft: (() => void) | undefined;

  constructor(service: Service, reports: ServerReports, spans: ConnectionSpans, admission: Admission) {
    this.service = service;
    this.reports = reports;
    this.spans = spans;
    this.#admission = admission;
  }

  /** How many connections are open. */
  get active(): number {
    return this.#open.size;
  }

  /** How many calls of the service's function go on. */
  get running(): number {
    return this.#running;
  }

  get closeReason(): Error | undefined {
    return this.#closeReason;
  }

  /** The connections that are open. */
  infos(): readonly ConnectionInfo[] {
    return Array.from(this.#open, (connection) => {
      const { id, peer, openedAt, bytesRead, bytesWritten, owner } = connection;
      const url = owner === undefined ? "" : formatSocketUrl(owner.at);
      return { id, url, peer, state: connection.isClosing ? "closing" : "open", openedAt, bytesRead, bytesWritten };
    });
  }

  /** False where no such connection is open. */
  abort(id: number, reason: Error | undefined): boolean {
    for (const connection of this.#open) {
      if (connection.id !== id) continue;
      connection.run(() => connection.abort(reason));
      return true;
    }
    return false;
  }

  /** Whoever waits for input gets the end of it, also who comes from now on. */
  stop(): void {
    this.#isStopped = true;
    for (const connection of this.#open) connection.run(() => connection.endInput());
  }

  /** Aborts those that still have something to do; gives how many. */
  abortAll(): number {
    this.#closeReason = new ConnectionError("ERR_SOCKWRIGHT_ABORTED");
    let aborted = 0;
    for (const connection of this.#open) {
      // The peer has been sent everything, and the end: it only has not ended itself.
      let hasLingered = false;
      connection.run(() => {
        hasLingered = connection.endLinger();
      });
      if (hasLingered) continue;
      aborted++;
      const reason = this.#closeReason;
      connection.run(() => {
        this.reports.expired("grace", connection.peer);
        connection.abort(reason);
      });
    }
    return aborted;
  }

  /** Settles when no connection is open, and every call of the service's function has settled. */
  whenOver(): Promise<void> {
    return new Promise((resolve) => {
      this.#allLeft = resolve;
      this.#tellIfOver();
    });
  }

  /** Calls the service's function for a connection that was admitted. */
  begin(connection: Connection, session: Session): void {
    this.reports.counters.connectionsAccepted++;
    if (session.start !== undefined) this.spans.begin(session.start);
    this.#open.add(connection);
    connection.owner = session;
    this.#running++;
    const running = this.#call(connection);
    if (this.#isStopped) connection.endInput();
    // A service that pushes gives back the promise of its push, most often: the push itself then tells of its end, and
    // an idle connection has no promise and no closures for it.
    if (connection.isPush(running) && connection.tellsWhenReleased()) return;
    running.then(
      () => session.returned(connection),
      (error: unknown) => {
        // What this side has cut itself is no failure: what was written before is sent, and the end after it.
        if (connection.isCutHere(error)) session.returned(connection);
        else session.threw(connection, error);
      },
    );
  }

  /** The one place that every connection comes by at its end, once; false when it did before. */
  left(connection: Connection, end: ConnectionEnd, start: ConnectionStart | undefined): boolean {
    if (!this.#open.delete(connection)) return false;
    this.reports.counters.ended(end.reason, connection.stats());
    if (start !== undefined) this.spans.end(start, connection, end);
    this.#admission.left(connection.peer);
    this.#tellIfOver();
    return true;
  }

  /** A call of the service's function has settled, and nothing more is done for it. */
  settled(): void {
    this.#running--;
    this.#tellIfOver();
  }

  /** Reports what a connection was lost with, or what its handler has thrown, unless it is only our own close. */
  report(thrown: unknown, failure: Error | undefined, peer: Peer): void {
    const reported = failureOf(thrown, failure, this.#closeReason);
    if (reported !== undefined) this.reports.failed(reported.error, peer);
  }

  /** No async function runs a connection: its frame would be what an idle one costs most. */
  #call(connection: Connection): Promise<unknown> {
    try {
      return promiseOf(this.service.stream?.(connection));
    } catch (error) {
      return Promise.reject(error);
    }
  }

  #tellIfOver(): void {
    if (this.#open.size === 0 && this.#running === 0) this.#allLeft?.();
  }
}

/**
 * What a server knows of a connection besides what that knows itself. All connections of a listener share one that has
 * nothing of its own; who has a start that was told, or an end that is decided, has one for itself.
 */
export class Session implements ConnectionOwner {
  readonly at: SocketUrl;
  readonly start: ConnectionStart | undefined;
  readonly #connections: ConnectionSet;
  readonly #end: ConnectionEnd | undefined;

  constructor(sessions: ConnectionSet, at: SocketUrl, start?: ConnectionStart, end?: ConnectionEnd) {
    this.at = at;
    this.start = start;
    this.#connections = sessions;
    this.#end = end;
  }

  returned(connection: Connection): void {
    if (connection.tellsWhenReleased()) return;
    if (connection.closeAtOnce()) {
      this.#connections.settled();
      return;
    }
    connection.close().then(
      () => this.#connections.settled(),
      (error: unknown) => {
        this.#connections.report(error, connection.failure, connection.peer);
        this.#connections.settled();
      },
    );
  }

  threw(connection: Connection, thrown: unknown): void {
    const { failure, peer } = connection;
    const wasOpen = this.#connections.left(connection, { reason: "failed", error: thrown }, this.start);
    if (wasOpen) connection.abort(isError(thrown) ? thrown : undefined);
    this.#connections.report(thrown, failure, peer);
    this.#connections.settled();
  }

  closing(connection: Connection): void {
    connection.owner = new Session(this.#connections, this.at, this.start, endOfClose(connection));
  }

  closed(connection: Connection, isSent: boolean): void {
    const { failure, phase } = connection;
    const decided = failure === undefined || isSent ? this.#end : undefined;
    const end = decided ?? (failure && endOfLoss(failure, phase, this.#connections.closeReason));
    if (end !== undefined) this.#connections.left(connection, end, this.start);
  }
}
