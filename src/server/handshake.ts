import { NO_PLACE } from "../native/placed-list.ts";
import { promiseOf } from "../socket/values.ts";
import type { Connection, ConnectionOwner } from "./connection/connection.ts";
import type { Session } from "./connection-set.ts";
import type { HandshakeFailure, HandshakeLimit, PendingHandshake } from "./limits/handshakes.ts";
import type { ListenerSettings } from "./listener-options.ts";
import { DeadlineError } from "./time/deadline-error.ts";
import { Deadline } from "./time/deadline-wheel.ts";
import { ConnectionError, isError } from "./transport/connection-error.ts";
import type { Peer } from "./transport/peer.ts";
import type { SocketUrl } from "./url/socket-url.ts";

/**
 * What is done with a connection between accept and service: it reads and writes on the connection that the service gets. When its
 * promise resolves, the service is called, and begins behind what was read; when it rejects, the connection is aborted, and its
 * peer gets a reset. To refuse a peer with an answer, write that and await `connection.close()`: then the service is not called.
 * `signal` is the connection's: it aborts when the time for the handshake is over, the connection is lost or the server closes.
 *
 * @example
 * ```ts
 * import { connect, type Handshake, serve } from "sockwright/server";
 *
 * const password: Handshake = async (connection) => {
 *   const word = await connection.readUntil("\n", { maxBytes: 64 });
 *   if (String(word) !== "sesame\n") throw new Error("a wrong password");
 * };
 * const server = await serve({ url: "tcp://127.0.0.1:0", handshake: password, handshakeTimeoutMs: 5_000 }, (connection) => {
 *   connection.write("come in");
 * });
 * const client = await connect(server.urls[0] ?? "");
 * client.write("sesame\n");
 * console.log(String(await client.read())); // => come in
 * await client.close();
 * await server.close();
 * ```
 */
export type Handshake = (connection: Connection, signal: AbortSignal) => Promise<void>;

/** Makes the handshake of a listener of a scheme that has one. It is made again when a server reloads. */
export type HandshakeMaker = (settings: ListenerSettings) => Handshake;

/** By the name that a row of `url/schemes.ts` has. */
export const HANDSHAKES = new Map<string, HandshakeMaker>();

/** The handshake of one connection: it owns that until the service does. */
export class HandshakeRun implements ConnectionOwner, PendingHandshake {
  place = NO_PLACE;
  bytesSeen = 0;
  seenAt = 0;
  readonly at: SocketUrl;
  readonly state = "handshake";
  readonly #connection: Connection;
  readonly #session: Session;
  readonly #deadline: Deadline;
  /** What is done when it gives way, or the server closes, is told to nobody else. */
  #reason: HandshakeFailure | undefined;
  /** Limits by address were asked, and count it from then on. */
  countsForAddress = false;
  #hasLeft = false;

  constructor(connection: Connection, session: Session) {
    this.at = session.at;
    this.#connection = connection;
    this.#session = session;
    this.#deadline = new Deadline(connection.policy.wheel, () => this.#expire());
  }

  get peer(): Peer {
    return this.#connection.peer;
  }

  get bytesRead(): number {
    return this.#connection.bytesRead;
  }

  begin(handshake: Handshake, { handshakeTimeoutMs, maxHandshakes, maxHandshakesPerAddress }: ListenerSettings): void {
    const { listener, connections } = this.#session;
    listener.handshakes.add(this, maxHandshakes, maxHandshakesPerAddress);
    connections.enter(this.#connection, this);
    const { closeReason } = connections;
    if (closeReason !== undefined) {
      // It was accepted with the one in whose turn the server was closed, and nobody would give it up any more.
      this.stop(closeReason);
      return;
    }
    this.#deadline.start(handshakeTimeoutMs);
    this.#session.began();
    this.#call(handshake).then(
      () => this.#succeeded(),
      (error: unknown) => this.#failed(error),
    );
  }

  /** The peer is the one that it will be: limits by address are asked now, once. Throws where they refuse it. */
  peerIsFinal(): void {
    if (this.countsForAddress || this.#hasLeft) return;
    const refusal = this.#session.listener.refusalByAddress(this.peer);
    if (refusal === undefined) {
      this.countsForAddress = true;
      return;
    }
    const error = new ConnectionError("ERR_SOCKWRIGHT_ABORTED");
    this.#leave();
    this.#connection.abort(error);
    this.#session.connections.reports.refused(refusal, this.peer);
    throw error;
  }

  giveWay(limit: HandshakeLimit): void {
    this.#abort(limit, new ConnectionError("ERR_SOCKWRIGHT_ABORTED"));
  }

  /** The server closes: nobody waits for a handshake. */
  stop(reason: Error): void {
    this.#abort("server-closed", reason);
  }

  /** Its owner is the service, from then on, or it is closed. */
  closed(connection: Connection): void {
    if (this.#hasLeft) return;
    const { failure } = connection;
    const reason =
      this.#reason ?? (failure === undefined ? "closed" : failureOf(failure, connection.phase === "aborted"));
    this.#leave();
    this.#session.connections.reports.handshakeFailed(reason, failure, connection.peer);
  }

  /** No function of the service has been called. */
  returned(): void {}
  threw(): void {}
  report(): void {}
  closing(): void {}

  #call(handshake: Handshake): Promise<unknown> {
    try {
      return promiseOf(handshake(this.#connection, this.#connection.signal));
    } catch (error) {
      return Promise.reject(error);
    }
  }

  #succeeded(): void {
    this.#finish();
    // It is closed, or closes in order: then it leaves when it has.
    if (!this.#hasLeft && !this.#connection.isClosing) this.#serve();
    // Not before: a service that a reload has replaced would be stopped with its connection just about to begin.
    this.#session.ended();
  }

  #serve(): void {
    try {
      this.peerIsFinal();
    } catch {
      return;
    }
    const { connections } = this.#session;
    connections.begin(this.#connection, this.#session.of(this.#connection));
  }

  #failed(thrown: unknown): void {
    const { failure, peer } = this.#connection;
    this.#session.ended();
    this.#abort("failed", isError(thrown) ? thrown : undefined);
    // What rejects because this side gave it up is nobody's failure.
    if (this.#reason === "failed" || this.#reason === "timeout" || this.#reason === undefined) {
      this.#session.connections.report(thrown, failure, peer);
    }
  }

  #expire(): void {
    this.#connection.run(() => {
      this.#connection.policy.expired("handshake", this.peer);
      this.#abort("timeout", new DeadlineError("handshake"));
    });
  }

  #abort(reason: HandshakeFailure, error: Error | undefined): void {
    if (this.#hasLeft) return;
    this.#reason = reason;
    this.#connection.run(() => this.#connection.abort(error));
  }

  #finish(): void {
    this.#deadline.cancel();
    this.#session.listener.handshakes.delete(this);
  }

  #leave(): void {
    this.#hasLeft = true;
    this.#finish();
    this.#session.connections.leave(this.#connection);
    this.#session.listener.left(this.countsForAddress ? this.peer : undefined);
  }
}

function failureOf(failure: Error, isAborted: boolean): HandshakeFailure {
  if (failure instanceof DeadlineError) return "timeout";
  return isAborted ? "failed" : "lost";
}
