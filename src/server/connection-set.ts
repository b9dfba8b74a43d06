import { PlacedList } from "../native/placed-list.ts";
import { promiseOf } from "../socket/values.ts";
import type { Connection, ConnectionOwner } from "./connection/connection.ts";
import type { Listener } from "./listener.ts";
import type { ServiceRun } from "./service-run.ts";
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
  /**
   * `handshake`: the service does not have it yet; `closing`: the service is done with it, and what was written is still to be
   * sent, or the peer's end to come.
   */
  readonly state: "handshake" | "open" | "closing";
  readonly openedAt: Date;
  /** What has come, read or not. */
  readonly bytesRead: number;
  /** What was sent: what the kernel has taken. */
  readonly bytesWritten: number;
}

/**
 * Whom a server serves: the connections that are open, and the calls of functions of the program's that go on for them. A
 * connection leaves, and its place is free, when its descriptor is closed, whatever its handler does; the handler is counted apart.
 */
export class ConnectionSet {
  readonly reports: ServerReports;
  readonly spans: ConnectionSpans;
  readonly #open = new PlacedList<Connection>();
  /** Calls of the program's functions that have not settled, or whose connection is still being closed for them. */
  #running = 0;
  #isStopped = false;
  /** With what a server that closes aborts: known by itself, and by nothing else. */
  #closeReason: Error | undefined;
  /** Set while a close waits for the last of them. */
  #allLeft: (() => void) | undefined;

  constructor(reports: ServerReports, spans: ConnectionSpans) {
    this.reports = reports;
    this.spans = spans;
  }

  /** How many connections are open. */
  get active(): number {
    return this.#open.size;
  }

  /** How many calls of the program's functions go on. */
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
      const state = owner?.state === "handshake" ? "handshake" : connection.isClosing ? "closing" : "open";
      return { id, url, peer, state, openedAt, bytesRead, bytesWritten };
    });
  }

  /** The peers of those that count for their addresses. */
  *peers(): Generator<Peer, void> {
    for (const { owner, peer } of this.#open) if (owner?.countsForAddress === true) yield peer;
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

  /** Whoever waits for input gets the end of it, also who comes from now on; handshakes are given up. */
  stop(): void {
    this.#isStopped = true;
    const reason = this.#reasonOfClose();
    for (const connection of this.#open) connection.owner?.stop(reason, connection);
  }

  /** Aborts those that still have something to do; gives how many. */
  abortAll(): number {
    const reason = this.#reasonOfClose();
    let aborted = 0;
    for (const connection of this.#open) {
      connection.run(() => {
        // The peer has been sent everything, and the end: it only has not ended itself.
        if (connection.endLinger()) return;
        aborted++;
        this.reports.expired("grace", connection.peer);
        connection.abort(reason);
      });
    }
    return aborted;
  }

  /** Settles when no connection is open, and every call of the program's functions has settled. */
  whenOver(): Promise<void> {
    return new Promise((resolve) => {
      this.#allLeft = resolve;
      this.#tellIfOver();
    });
  }

  /** A connection is open, and has an owner. */
  enter(connection: Connection, owner: ConnectionOwner): void {
    this.#open.add(connection);
    connection.owner = owner;
  }

  /** Calls the service's function for a connection that was admitted. */
  begin(connection: Connection, session: Session): void {
    this.reports.counters.connectionsAccepted++;
    if (session.start !== undefined) this.spans.begin(session.start);
    this.enter(connection, session);
    session.began();
    const running = session.call(connection);
    if (this.#isStopped) connection.stop();
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
  leave(connection: Connection): boolean {
    if (!this.#open.delete(connection)) return false;
    this.#tellIfOver();
    return true;
  }

  /** A function of the program's is called. */
  began(): void {
    this.#running++;
  }

  /** Such a call has settled, and nothing more is done for it. */
  ended(): void {
    this.#running--;
    this.#tellIfOver();
  }

  /** Reports what a connection was lost with, or what its handler has thrown, unless it is only our own close. */
  report(thrown: unknown, failure: Error | undefined, peer: Peer): void {
    const reported = failureOf(thrown, failure, this.#closeReason);
    if (reported !== undefined) this.reports.failed(reported.error, peer);
  }

  #reasonOfClose(): Error {
    this.#closeReason ??= new ConnectionError("ERR_SOCKWRIGHT_ABORTED");
    return this.#closeReason;
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
  readonly state = "open";
  readonly countsForAddress = true;
  readonly connections: ConnectionSet;
  readonly listener: Listener;
  readonly start: ConnectionStart | undefined;
  readonly #run: ServiceRun;
  readonly #end: ConnectionEnd | undefined;

  constructor(
    listener: Listener,
    ...[connections, run, start, end]: [ConnectionSet, ServiceRun, start?: ConnectionStart, end?: ConnectionEnd]
  ) {
    this.at = listener.url;
    this.listener = listener;
    this.connections = connections;
    this.start = start;
    this.#run = run;
    this.#end = end;
  }

  /** The same for a connection whose beginning and end are told, where anybody listens. */
  of(connection: Pick<Connection, "id" | "peer">): Session {
    const { spans } = this.connections;
    return spans.hasSubscribers ? this.startedWith(spans.describe(connection.id, connection.peer, this.at)) : this;
  }

  startedWith(start: ConnectionStart): Session {
    return new Session(this.listener, this.connections, this.#run, start);
  }

  /** No async function runs a connection: its frame would be what an idle one costs most. */
  call(connection: Connection): Promise<unknown> {
    try {
      return promiseOf(this.#run.service.stream?.(connection));
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /** A function of the program's is called for one of its connections. */
  began(): void {
    this.#run.began();
    this.connections.began();
  }

  /** It has settled. */
  ended(): void {
    this.#run.ended();
    this.connections.ended();
  }

  returned(connection: Connection): void {
    if (connection.tellsWhenReleased()) return;
    if (connection.closeAtOnce()) {
      this.ended();
      return;
    }
    connection.close().then(
      () => this.ended(),
      (error: unknown) => {
        this.connections.report(error, connection.failure, connection.peer);
        this.ended();
      },
    );
  }

  threw(connection: Connection, thrown: unknown): void {
    const { failure, peer } = connection;
    const wasOpen = this.#leave(connection, { reason: "failed", error: thrown });
    if (wasOpen) connection.abort(isError(thrown) ? thrown : undefined);
    this.connections.report(thrown, failure, peer);
    this.ended();
  }

  report(error: unknown, connection: Connection): void {
    this.connections.reports.failed(error, connection.peer);
  }

  closing(connection: Connection): void {
    connection.owner = new Session(this.listener, this.connections, this.#run, this.start, endOfClose(connection));
  }

  closed(connection: Connection, isSent: boolean): void {
    const { failure, phase } = connection;
    const decided = failure === undefined || isSent ? this.#end : undefined;
    const end = decided ?? (failure && endOfLoss(failure, phase, this.connections.closeReason));
    if (end !== undefined) this.#leave(connection, end);
  }

  /** The server closes. */
  stop(_reason: Error, connection: Connection): void {
    connection.run(() => connection.stop());
  }

  /** That was so before the service was called. */
  peerIsFinal(): void {}

  #leave(connection: Connection, end: ConnectionEnd): boolean {
    if (!this.connections.leave(connection)) return false;
    const { reports, spans } = this.connections;
    reports.counters.ended(end.reason, connection.stats());
    if (this.start !== undefined) spans.end(this.start, connection, end);
    this.listener.left(connection.peer);
    return true;
  }
}
