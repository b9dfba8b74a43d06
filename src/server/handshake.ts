import { NO_PLACE } from "../native/placed-list.ts";
import { promiseOf } from "../socket/values.ts";
import type { Connection } from "./connection/connection.ts";
import type { ConnectionOwner } from "./connection/connection-owner.ts";
import type { Session } from "./connection-set.ts";
import { HandshakeRefusal } from "./handshake-refusal.ts";
import type { HandshakeFailure, HandshakeLimit, PendingHandshake } from "./limits/handshakes.ts";
import type { ListenerSettings } from "./listener-options.ts";
import { readProxyHeader } from "./proxy-handshake.ts";
import { DeadlineError } from "./time/deadline-error.ts";
import { Deadline } from "./time/deadline-wheel.ts";
import { TlsError } from "./tls/tls-error.ts";
import { ConnectionError, isError } from "./transport/connection-error.ts";
import type { Peer } from "./transport/peer.ts";
import { SCHEMES } from "./url/schemes.ts";
import type { SocketUrl } from "./url/socket-url.ts";

/**
 * A function that the server calls for a connection between accept and service. It reads and writes on the same connection as
 * the service. When its promise resolves, the server calls the service, which reads on where the handshake stopped. When it
 * rejects, the server aborts the connection, and the peer gets a reset. To refuse a peer with an answer, write the answer and
 * await `connection.close()`: then the server does not call the service. `signal` is the connection's signal: it aborts when the
 * time for the handshake is over, the connection is lost or the server closes.
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

/** A step between accept and service. Unlike a program's {@link Handshake} it gets no signal, which costs each connection something. */
export type HandshakeStep = (connection: Connection) => Promise<void>;

/** Makes the handshake of a listener whose scheme has one. The server calls it again when it reloads. */
export type HandshakeMaker = (settings: ListenerSettings, listener: object) => HandshakeStep;

/** Makers of handshakes, by the name in a row of `url/schemes.ts`. See {@link loadHandshake}. */
export const HANDSHAKES = new Map<string, HandshakeMaker>();

const LOADERS: Readonly<Record<string, () => Promise<HandshakeMaker>>> = {
  tls: async () => (await import("./tls-handshake.ts")).tlsHandshake,
};

/** Loads the maker of a scheme's handshake: programs without TLS do not load node:tls. */
export async function loadHandshake({ scheme }: { readonly scheme: string }): Promise<void> {
  const name = SCHEMES.get(scheme)?.handshake;
  const load = name === undefined || HANDSHAKES.has(name) ? undefined : LOADERS[name];
  if (name !== undefined && load !== undefined) HANDSHAKES.set(name, await load());
}

/**
 * The handshake of a listener: the PROXY header, the handshake of the scheme, and the listener's own. The bytes of each are inside
 * the protocol of the one before.
 * {@link loadHandshake} is called before.
 */
export function handshakeOf(settings: ListenerSettings, listener: object): HandshakeStep | undefined {
  const name = SCHEMES.get(settings.url.scheme)?.handshake;
  const make = name === undefined ? undefined : HANDSHAKES.get(name);
  // Without its handshake a listener would serve plain bytes.
  if (name !== undefined && make === undefined) throw new Error(`The handshake ${name} is not loaded`);
  const { proxyFrom, handshake: own } = settings;
  const inner: HandshakeStep | undefined = own && ((connection) => own(connection, connection.signal));
  const steps = [proxyFrom && readProxyHeader, make?.(settings, listener), inner].filter((step) => step !== undefined);
  if (steps.length < 2) return steps[0];
  return async (connection) => {
    for (const step of steps) {
      await step(connection);
      // A step that refused the peer with an answer has closed the connection.
      if (connection.isClosing) return;
    }
  };
}

/** The handshake of one connection. It owns the connection until the service does. */
export class HandshakeRun implements ConnectionOwner, PendingHandshake {
  place = NO_PLACE;
  lastBytesRead = 0;
  lastProgress = 0;
  readonly at: SocketUrl;
  readonly state = "handshake";
  readonly #connection: Connection;
  readonly #session: Session;
  readonly #deadline: Deadline;
  /** Why this side ended the handshake. */
  #reason: HandshakeFailure | undefined;
  /** Whether the limits per address count the connection: from {@link onPeerFinal} on. */
  countsForAddress = false;
  #isRemoved = false;
  /** Handshakes of one address: applied again once the peer is final. */
  #maxPerAddress = Number.POSITIVE_INFINITY;

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
    return this.#connection.bytesRead + (this.#connection.link.bytesReceived ?? 0);
  }

  begin(handshake: HandshakeStep, settings: ListenerSettings): void {
    const { handshakeTimeoutMs, maxHandshakes, maxHandshakesPerAddress, proxyFrom } = settings;
    const { listener, connections } = this.#session;
    // A proxy has one address for all its clients: the limit applies when the header has named the client.
    const ownLimit = proxyFrom === undefined ? maxHandshakesPerAddress : Number.POSITIVE_INFINITY;
    listener.handshakes.add(this, maxHandshakes, ownLimit);
    connections.add(this.#connection, this);
    const { closeReason } = connections;
    if (closeReason !== undefined) {
      // The server closed in the turn in which it accepted this connection: no later call would stop the handshake.
      this.stop(closeReason);
      return;
    }
    this.#maxPerAddress = maxHandshakesPerAddress;
    this.#deadline.start(handshakeTimeoutMs);
    this.#session.beginCall();
    this.#call(handshake).then(
      () => this.#succeed(),
      (error: unknown) => this.#fail(error),
    );
  }

  /** Checks the limits per address, once: the peer does not change any more. Throws when they refuse it. */
  onPeerFinal(): void {
    if (this.countsForAddress || this.#isRemoved) return;
    const refusal = this.#session.listener.admitAddress(this.peer);
    if (refusal === undefined) {
      this.countsForAddress = true;
      this.#session.listener.handshakes.settle(this, this.#maxPerAddress);
      return;
    }
    const error = new ConnectionError("ERR_SOCKWRIGHT_ABORTED");
    this.#remove();
    this.#connection.abort(error);
    this.#session.connections.reports.reportRefusal(refusal, this.peer);
    throw error;
  }

  evict(limit: HandshakeLimit): void {
    this.#abort(limit, new ConnectionError("ERR_SOCKWRIGHT_ABORTED"));
  }

  /** The server closes: it does not wait for handshakes. */
  stop(reason: Error): void {
    this.#abort("server-closed", reason);
  }

  /** Reports a handshake whose connection closed before the service got it. */
  onClosed(connection: Connection): void {
    if (this.#isRemoved) return;
    const { failure } = connection;
    const reason =
      this.#reason ?? (failure === undefined ? "closed" : failureOf(failure, connection.phase === "aborted"));
    this.#remove();
    this.#session.connections.reports.reportHandshakeFailure(reason, failure, connection.peer);
  }

  // The service has not been called: nothing can return, throw or close.
  onReturned(): void {}
  onThrown(): void {}
  report(): void {}
  onClosing(): void {}

  #call(handshake: HandshakeStep): Promise<unknown> {
    try {
      return promiseOf(handshake(this.#connection));
    } catch (error) {
      return Promise.reject(error);
    }
  }

  #succeed(): void {
    this.#finish();
    // A connection that closes in order leaves when it has closed.
    if (!this.#isRemoved && !this.#connection.isClosing) this.#serve();
    // Not before `#serve`: a replaced service would stop just before its connection begins.
    this.#session.endCall();
  }

  #serve(): void {
    try {
      this.onPeerFinal();
    } catch {
      return;
    }
    const { connections } = this.#session;
    connections.begin(this.#connection, this.#session.forConnection(this.#connection));
  }

  #fail(thrown: unknown): void {
    const { failure, peer } = this.#connection;
    this.#session.endCall();
    if (thrown instanceof HandshakeRefusal || thrown instanceof TlsError) {
      this.#abort(thrown instanceof TlsError ? "tls" : thrown.reason, thrown);
      return;
    }
    this.#abort("failed", isError(thrown) ? thrown : undefined);
    // A rejection after this side gave the handshake up is no failure to report.
    if (this.#reason === "failed" || this.#reason === "timeout" || this.#reason === undefined) {
      this.#session.connections.report(thrown, failure, peer);
    }
  }

  #expire(): void {
    this.#connection.run(() => {
      this.#connection.policy.onExpired("handshake", this.peer);
      this.#abort("timeout", new DeadlineError("handshake"));
    });
  }

  #abort(reason: HandshakeFailure, error: Error | undefined): void {
    if (this.#isRemoved) return;
    this.#reason = reason;
    this.#connection.run(() => this.#connection.abort(error));
  }

  #finish(): void {
    this.#deadline.cancel();
    this.#session.listener.handshakes.delete(this);
  }

  #remove(): void {
    this.#isRemoved = true;
    this.#finish();
    this.#session.connections.remove(this.#connection);
    this.#session.listener.releasePlace(this.countsForAddress ? this.peer : undefined);
  }
}

function failureOf(failure: Error, isAborted: boolean): HandshakeFailure {
  if (failure instanceof DeadlineError) return "timeout";
  if (failure instanceof TlsError) return "tls";
  return isAborted ? "failed" : "lost";
}
