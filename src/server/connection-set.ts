import { PlacedList } from "../native/placed-list.ts";
import { promiseOf } from "../socket/values.ts";
import type { Connection } from "./connection/connection.ts";
import type { ConnectionOwner } from "./connection/connection-owner.ts";
import type { Listener } from "./listener.ts";
import type { ServiceRun } from "./service-run.ts";
import { type ConnectionEnd, endOfClose, endOfLoss, failureOf } from "./telemetry/connection-end.ts";
import type { ConnectionStart } from "./telemetry/connection-messages.ts";
import type { ConnectionSpans } from "./telemetry/connection-spans.ts";
import type { ServerReports } from "./telemetry/server-reports.ts";
import { ConnectionError, isError } from "./transport/connection-error.ts";
import type { Peer } from "./transport/peer.ts";
import { formatSocketUrl, type SocketUrl } from "./url/socket-url.ts";

/** The state of a server's connection at one moment. */
export interface ConnectionInfo {
  /** The `id` of the connection, for {@link Server.abort}. */
  readonly id: number;
  /** The URL of the listener that accepted it: one of the server's `urls`. */
  readonly url: string;
  readonly peer: Peer;
  /**
   * `handshake`: the service does not have it yet. `open`: the service has it. `closing`: the service is done with it, and the
   * server still sends what was written, or waits for the peer to end.
   */
  readonly state: "handshake" | "open" | "closing";
  readonly openedAt: Date;
  /** Bytes received, read or not. */
  readonly bytesRead: number;
  /** Bytes sent: those that the kernel has accepted. */
  readonly bytesWritten: number;
}

/**
 * The open connections of a server, and the number of the program's functions that run for them. A connection leaves the set,
 * and its place is free, when its descriptor is closed, whatever its handler does; handlers are counted separately.
 */
export class ConnectionSet {
  readonly reports: ServerReports;
  readonly spans: ConnectionSpans;
  readonly #open = new PlacedList<Connection>();
  /** Calls of the program's functions that have not settled, or whose connection still closes. */
  #running = 0;
  #isStopped = false;
  /** The error with which the closing server aborts. It is recognized by identity. */
  #closeReason: Error | undefined;
  /** Set while a close waits for the last connection and call. */
  #onIdle: (() => void) | undefined;

  constructor(reports: ServerReports, spans: ConnectionSpans) {
    this.reports = reports;
    this.spans = spans;
  }

  /** How many connections are open. */
  get active(): number {
    return this.#open.size;
  }

  /** How many calls of the program's functions are in progress. */
  get running(): number {
    return this.#running;
  }

  get closeReason(): Error | undefined {
    return this.#closeReason;
  }

  /** The state of each open connection. */
  list(): readonly ConnectionInfo[] {
    return Array.from(this.#open, (connection) => {
      const { id, peer, openedAt, bytesRead, bytesWritten, owner } = connection;
      const url = owner === undefined ? "" : formatSocketUrl(owner.at);
      const state = owner?.state === "handshake" ? "handshake" : connection.isClosing ? "closing" : "open";
      return { id, url, peer, state, openedAt, bytesRead, bytesWritten };
    });
  }

  /** The peers of the connections that count for the limits per address. */
  *peers(): Generator<Peer, void> {
    for (const { owner, peer } of this.#open) if (owner?.countsForAddress === true) yield peer;
  }

  /** Aborts a connection by its id. Returns false when no such connection is open. */
  abort(id: number, reason: Error | undefined): boolean {
    for (const connection of this.#open) {
      if (connection.id !== id) continue;
      connection.run(() => connection.abort(reason));
      return true;
    }
    return false;
  }

  /** Gives all connections the end of input, also those that come later, and aborts handshakes. */
  stop(): void {
    this.#isStopped = true;
    const reason = this.#makeCloseReason();
    for (const connection of this.#open) connection.owner?.stop(reason, connection);
  }

  /** Aborts the connections that have not finished; returns how many. */
  abortAll(): number {
    const reason = this.#makeCloseReason();
    let aborted = 0;
    for (const connection of this.#open) {
      connection.run(() => {
        // All was sent, and the end too: only the peer's own end is missing.
        if (connection.endLinger()) return;
        aborted++;
        this.reports.reportExpiry("grace", connection.peer);
        connection.abort(reason);
      });
    }
    return aborted;
  }

  /** Resolves when no connection is open, and every call of the program's functions has settled. */
  whenIdle(): Promise<void> {
    return new Promise((resolve) => {
      this.#onIdle = resolve;
      this.#notifyIfIdle();
    });
  }

  /** Adds an open connection, and sets its owner. */
  add(connection: Connection, owner: ConnectionOwner): void {
    this.#open.add(connection);
    connection.owner = owner;
  }

  /** Calls the service's function for a connection that was admitted. */
  begin(connection: Connection, session: Session): void {
    this.reports.counters.connectionsAccepted++;
    if (session.start !== undefined) this.spans.begin(session.start);
    this.add(connection, session);
    session.beginCall();
    const running = session.call(connection);
    if (this.#isStopped) connection.stop();
    // A service that pushes mostly returns the promise of its push. The push itself then reports its end, so that an idle
    // connection costs no promise and no closures here.
    if (connection.isPush(running) && connection.notifiesWhenReleased()) return;
    running.then(
      () => session.onReturned(connection),
      (error: unknown) => {
        // A connection that this side has cut itself did not fail: the server sends what was written, and then the end.
        if (connection.isCutHere(error)) session.onReturned(connection);
        else session.onThrown(connection, error);
      },
    );
  }

  /** Removes a connection at its end. Every connection passes here once; returns false when it has left already. */
  remove(connection: Connection): boolean {
    if (!this.#open.delete(connection)) return false;
    this.#notifyIfIdle();
    return true;
  }

  /** Counts a call of one of the program's functions. */
  beginCall(): void {
    this.#running++;
  }

  /** Counts the end of such a call: it has settled, and nothing more happens for it. */
  endCall(): void {
    this.#running--;
    this.#notifyIfIdle();
  }

  /** Reports the error with which a connection was lost, or which its handler threw, except for the server's own close. */
  report(thrown: unknown, failure: Error | undefined, peer: Peer): void {
    const reported = failureOf(thrown, failure, this.#closeReason);
    if (reported !== undefined) this.reports.reportError(reported.error, peer);
  }

  #makeCloseReason(): Error {
    this.#closeReason ??= new ConnectionError("ERR_SOCKWRIGHT_ABORTED");
    return this.#closeReason;
  }

  #notifyIfIdle(): void {
    if (this.#open.size === 0 && this.#running === 0) this.#onIdle?.();
  }
}

/**
 * The server's view of a connection: its listener, its run of the service, its messages. All connections of a listener share
 * one session; a connection has its own when its start was published, or when its end is decided.
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

  /** The session for one connection: its own when a diagnostics channel has subscribers, or else this one. */
  forConnection(connection: Pick<Connection, "id" | "peer">): Session {
    const { spans } = this.connections;
    return spans.hasSubscribers ? this.withStart(spans.describe(connection.id, connection.peer, this.at)) : this;
  }

  withStart(start: ConnectionStart): Session {
    return new Session(this.listener, this.connections, this.#run, start);
  }

  /** Calls the service. This is no async function: its frame would be the largest cost of an idle connection. */
  call(connection: Connection): Promise<unknown> {
    try {
      return promiseOf(this.#run.service.stream?.(connection));
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /** Counts a call of one of the program's functions for a connection. */
  beginCall(): void {
    this.#run.beginCall();
    this.connections.beginCall();
  }

  /** Counts the end of such a call. */
  endCall(): void {
    this.#run.endCall();
    this.connections.endCall();
  }

  onReturned(connection: Connection): void {
    if (connection.notifiesWhenReleased()) return;
    if (connection.closeAtOnce()) {
      this.endCall();
      return;
    }
    connection.close().then(
      () => this.endCall(),
      (error: unknown) => {
        this.connections.report(error, connection.failure, connection.peer);
        this.endCall();
      },
    );
  }

  onThrown(connection: Connection, thrown: unknown): void {
    const { failure, peer } = connection;
    const wasOpen = this.#remove(connection, { reason: "failed", error: thrown });
    if (wasOpen) connection.abort(isError(thrown) ? thrown : undefined);
    this.connections.report(thrown, failure, peer);
    this.endCall();
  }

  report(error: unknown, connection: Connection): void {
    this.connections.reports.reportError(error, connection.peer);
  }

  onClosing(connection: Connection): void {
    connection.owner = new Session(this.listener, this.connections, this.#run, this.start, endOfClose(connection));
  }

  onClosed(connection: Connection, isSent: boolean): void {
    const { failure, phase } = connection;
    const decided = failure === undefined || isSent ? this.#end : undefined;
    const end = decided ?? (failure && endOfLoss(failure, phase, this.connections.closeReason));
    if (end !== undefined) this.#remove(connection, end);
  }

  /** The server closes: the connection gets the end of input. */
  stop(_reason: Error, connection: Connection): void {
    connection.run(() => connection.stop());
  }

  /** Does nothing: the peer was final before the service was called. */
  onPeerFinal(): void {}

  #remove(connection: Connection, end: ConnectionEnd): boolean {
    if (!this.connections.remove(connection)) return false;
    const { reports, spans } = this.connections;
    reports.counters.countEnd(end.reason, connection.stats());
    if (this.start !== undefined) spans.end(this.start, connection, end);
    this.listener.releasePlace(connection.peer);
    return true;
  }
}
