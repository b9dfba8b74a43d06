import type { AsyncResource } from "node:async_hooks";
import { integer } from "../socket/argument.ts";
import { Connection, type PushWatcher } from "./connection/connection.ts";
import type { ExpiryReason, Flow } from "./connection/flow.ts";
import { DatagramDesk } from "./datagram-desk.ts";
import { Admission, type RefusalReason } from "./limits/admission.ts";
import { systemClock } from "./limits/clock.ts";
import { DatagramLimit, type DropReason } from "./limits/datagram-limit.ts";
import { deadlines } from "./limits/deadline-wheel.ts";
import { type LinkTimeouts, timed } from "./limits/timed-link.ts";
import { type ServeOptions, serveLimits } from "./serve-options.ts";
import { type Service, type ServiceInput, serviceOf } from "./service.ts";
import { drops, errors, fullWriteBuffers, refusals, timeouts } from "./telemetry/channels.ts";
import { ConnectionAlarms } from "./telemetry/connection-alarms.ts";
import { type ConnectionContext, contextOf } from "./telemetry/connection-context.ts";
import { type ConnectionEnd, endOfFailure, endOfReturn } from "./telemetry/connection-end.ts";
import { ConnectionInContext } from "./telemetry/connection-in-context.ts";
import type { ConnectionStart } from "./telemetry/connection-messages.ts";
import { ConnectionSpans } from "./telemetry/connection-spans.ts";
import { ServerCounters, type ServerStats } from "./telemetry/server-counters.ts";
import { ConnectionError } from "./transport/connection-error.ts";
import type { DatagramEvents, DatagramSocket, Link, LinkListener, Peer } from "./transport/transport.ts";
import { transport } from "./transport/transports.ts";
import { formatSocketUrl, isInherited, parseSocketUrl, type SocketUrl } from "./url/socket-url.ts";

/** How a server closes. */
export interface CloseOptions {
  /** How long connections may go on, in ms, 0 or more; then they are aborted. Default 5 000. */
  readonly graceMs?: number | undefined;
}

export const DEFAULT_GRACE_MS = 5_000;
const MAX_GRACE_MS = 2_147_483_647;

/**
 * Serves on one URL or several. A connection is flushed and ended when the service's function returns, and aborted when
 * it throws; neither is noticed by any other. A Unix path is created, taken over from a server that is gone, and removed
 * at the close.
 *
 * @param urls - see {@link parseSocketUrl}; port 0 lets the kernel choose.
 * @throws SocketUrlError · SocketError `EADDRINUSE`, `EACCES`, `EADDRNOTAVAIL` … · TransportError · TypeError when the
 * service does not serve that kind · TypeError, RangeError for an option that cannot be.
 * @example
 * ```ts
 * import { connect, serve } from "sockwright/server";
 *
 * const server = await serve("udp://127.0.0.1:0", {
 *   name: "shout",
 *   datagram: ({ data, reply }) => void reply(String(data).toUpperCase()),
 * });
 * const client = await connect(server.urls[0] ?? "");
 * client.write("hello");
 * console.log(String(await client.read())); // => HELLO
 * client.abort();
 * await server.close();
 * ```
 */
export async function serve(
  urls: string | readonly string[],
  service: ServiceInput,
  options: ServeOptions = {},
): Promise<Server> {
  const parsed = (typeof urls === "string" ? [urls] : urls).map(parseSocketUrl);
  const server = new Server(serviceOf(service), options);
  await server.open(parsed);
  return server;
}

/** A running server. See {@link serve}. */
export class Server implements AsyncDisposable {
  readonly #service: Service;
  readonly #options: ServeOptions;
  readonly #urls: SocketUrl[] = [];
  readonly #listeners: LinkListener[] = [];
  readonly #desks: DatagramDesk[] = [];
  readonly #connections = new Set<Connection>();
  readonly #counters: ServerCounters;
  readonly #spans: ConnectionSpans;
  readonly #admission: Admission;
  readonly #datagramLimit: DatagramLimit;
  readonly #alarms: ConnectionAlarms;
  readonly #timeouts: LinkTimeouts;
  /** One for all connections. */
  readonly #flow: Flow;
  /** One for all connections. */
  readonly #pushes: PushWatcher = {
    ended: (connection) => this.#finish(connection),
    failed: (connection, error) => this.#fail(connection, error),
  };
  #closing: Promise<void> | undefined;
  /** Set while a close waits for the last connection. */
  #allLeft: (() => void) | undefined;

  /** @internal */
  constructor(service: Service, options: ServeOptions) {
    this.#service = service;
    this.#options = options;
    this.#counters = new ServerCounters(service.name);
    this.#spans = new ConnectionSpans(service.name);
    const limits = serveLimits(options);
    this.#timeouts = limits;
    this.#flow = {
      ...limits,
      wheel: deadlines,
      writeBufferFull: (peer) => this.#writeBufferFull(peer),
      expired: (reason, peer) => this.#expired(reason, peer),
    };
    this.#alarms = new ConnectionAlarms(limits.alarms, deadlines, service.name, options.onAlarm);
    this.#datagramLimit = new DatagramLimit(limits, systemClock);
    this.#admission = new Admission(limits, systemClock, {
      changed: (active) => this.#alarms.update(active),
      refused: (reason, peer) => this.#refused(reason, peer),
      acceptFailed: (error) => this.#counters.acceptFailed(error),
    });
  }

  /** Where it serves, with the real ports. */
  get urls(): readonly string[] {
    return this.#urls.map(formatSocketUrl);
  }

  /** How many connections are open. */
  get connections(): number {
    return this.#connections.size;
  }

  /**
   * What it has done so far, counted: a copy that does not change. See {@link ServerStats}.
   *
   * @example
   * ```ts
   * import { connect, serve } from "sockwright/server";
   *
   * const server = await serve("tcp://127.0.0.1:0", async (connection) => {
   *   connection.write("one at a time");
   *   await connection.read();
   * }, { maxConnections: 1, whenFull: "refuse" });
   * const first = await connect(server.urls[0] ?? "");
   * await first.read();
   * const second = connect(server.urls[0] ?? "").then((connection) => connection.read());
   * await second.catch((error: unknown) => {
   *   console.log(error instanceof Error && "code" in error && error.code); // => ECONNRESET
   * });
   * console.log(server.stats().connectionsActive); // => 1
   * console.log(server.stats().connectionsRefused["max-connections"]); // => 1
   * await first.close();
   * await server.close();
   * ```
   */
  stats(): ServerStats {
    return this.#counters.snapshot(this.#connections.size);
  }

  /** @internal */
  async open(urls: readonly SocketUrl[]): Promise<void> {
    await this.#service.start?.();
    try {
      for (const url of urls) this.#urls.push(await this.#listen(url));
    } catch (error) {
      await this.close({ graceMs: 0 });
      throw error;
    }
  }

  /**
   * Accepts no more, gives every connection that waits for input the end of it, and waits for all to finish, and for the
   * answers to all datagrams that were taken. Connections that have not finished after `graceMs` are aborted, and answers
   * that come later are dropped. See {@link serve}.
   *
   * @throws RangeError, TypeError for a time that cannot be.
   */
  close(options: CloseOptions = {}): Promise<void> {
    const graceMs = integer("options.graceMs", options.graceMs ?? DEFAULT_GRACE_MS, 0, MAX_GRACE_MS);
    this.#closing ??= this.#close(graceMs);
    return this.#closing;
  }

  /** `await using` closes the server. See {@link serve}. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(graceMs: number): Promise<void> {
    const answered = Promise.all(this.#desks.map((desk) => desk.close()));
    await Promise.all(this.#listeners.map((listener) => listener.close()));
    for (const connection of this.#connections) connection.endInput();
    const timer = setTimeout(() => this.#giveUp(), graceMs);
    await this.#empty();
    await answered;
    clearTimeout(timer);
    this.#alarms.stop();
    await this.#service.stop?.();
  }

  #giveUp(): void {
    for (const desk of this.#desks) desk.giveUp();
    for (const connection of this.#connections) {
      this.#expired("grace", connection.peer);
      connection.abort();
    }
  }

  /** Settles when the last connection has left. */
  #empty(): Promise<void> {
    return new Promise((resolve) => {
      if (this.#connections.size === 0) resolve();
      else this.#allLeft = resolve;
    });
  }

  /** Gives where it listens. */
  async #listen(url: SocketUrl): Promise<SocketUrl> {
    const { listen, bind, isForDatagrams } = await transport();
    const failed = (error: unknown): void => this.#report(error, undefined);
    const isDatagrams = isInherited(url) ? isForDatagrams?.(url) : url.scheme === "udp" || url.scheme === "unix-dgram";
    if (isDatagrams !== true) {
      const { stream } = this.#service;
      if (stream === undefined)
        throw new TypeError(`${this.#service.name} serves no connections: ${formatSocketUrl(url)}`);
      let at = url;
      const listener = await listen(url, (link) => this.#accept(link, at), failed, this.#admission);
      at = listener.url;
      this.#listeners.push(listener);
      return at;
    }
    const { datagram } = this.#service;
    if (datagram === undefined)
      throw new TypeError(`${this.#service.name} serves no datagrams: ${formatSocketUrl(url)}`);
    const bindTo = (events: DatagramEvents): Promise<DatagramSocket> => bind(url, events);
    const desk = await DatagramDesk.open(bindTo, this.#service, this.#datagramLimit, this.#counters, {
      failed: (error, peer) => this.#report(error, peer),
      lost: failed,
      dropped: (reason, peer) => this.#dropped(reason, peer),
    });
    this.#desks.push(desk);
    return desk.url;
  }

  #accept(link: Link, at: SocketUrl): void {
    if (!this.#admission.admit(link.peer)) {
      link.abort();
      return;
    }
    if (this.#options.context !== undefined) {
      this.#acceptInContext(link, at, this.#options.context);
      return;
    }
    const start = this.#spans.areHeard ? this.#spans.describe(link, at) : undefined;
    const guarded = timed(link, this.#timeouts, deadlines, this.#flow.expired);
    this.#serve(new Connection(guarded, this.#flow), start);
  }

  #acceptInContext(link: Link, at: SocketUrl, context: ConnectionContext): void {
    const start = this.#spans.describe(link, at);
    let own: AsyncResource;
    try {
      own = contextOf(start, context);
    } catch (error) {
      link.abort();
      this.#admission.left(link.peer);
      this.#report(error, link.peer);
      return;
    }
    // A deadline is told from a timer of all connections.
    const flow = { ...this.#flow, expired: own.bind(this.#flow.expired) };
    const guarded = timed(link, this.#timeouts, deadlines, flow.expired);
    own.runInAsyncScope(() => this.#serve(new ConnectionInContext(guarded, flow, own), start));
  }

  #serve(connection: Connection, start: ConnectionStart | undefined): void {
    this.#counters.connectionsAccepted++;
    if (start !== undefined) this.#spans.begin(connection, start);
    this.#connections.add(connection);
    const running = this.#begin(connection);
    // A service that pushes gives back the promise of its push, most often: the push itself then tells of its end, and
    // an idle connection has no promise and no closures for it.
    if (connection.tellsEndOf(running, this.#pushes)) return;
    running.then(
      () => this.#finish(connection),
      (error: unknown) => this.#fail(connection, error),
    );
  }

  /** No async function runs a connection: its frame would be what an idle one costs most. */
  #begin(connection: Connection): Promise<void> {
    try {
      return Promise.resolve(this.#service.stream?.(connection));
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /** The service's function has returned. */
  #finish(connection: Connection): void {
    const end = endOfReturn(connection, this.#closing !== undefined);
    connection.close().then(
      () => this.#left(connection, end),
      (error: unknown) => this.#fail(connection, error),
    );
  }

  #fail(connection: Connection, thrown: unknown): void {
    const end = endOfFailure(connection, thrown, this.#closing !== undefined);
    // What was waited for with the connection's signal ends with an AbortError: what aborted it says more.
    const error = connection.failure ?? thrown;
    connection.abort(error instanceof Error ? error : undefined);
    const isOfTheClose = error instanceof ConnectionError && error.code === "ERR_SOCKWRIGHT_ABORTED";
    try {
      if (!isOfTheClose || this.#closing === undefined) this.#report(error, connection.peer);
    } finally {
      this.#left(connection, end);
    }
  }

  /** The one place that every connection comes by at its end. */
  #left(connection: Connection, end: ConnectionEnd): void {
    this.#connections.delete(connection);
    this.#counters.ended(end.reason, connection.stats);
    this.#spans.end(connection, end);
    this.#admission.left(connection.peer);
    if (this.#connections.size === 0) this.#allLeft?.();
  }

  #refused(reason: RefusalReason, peer: Peer): void {
    this.#counters.refused(reason);
    if (refusals.hasSubscribers) refusals.publish({ reason, peer, service: this.#service.name });
  }

  #writeBufferFull(peer: Peer): void {
    this.#counters.writeBufferFull++;
    if (!fullWriteBuffers.hasSubscribers) return;
    fullWriteBuffers.publish({
      whenWriteBufferFull: this.#flow.whenWriteBufferFull,
      peer,
      service: this.#service.name,
    });
  }

  #expired(deadline: ExpiryReason, peer: Peer): void {
    this.#counters.expired(deadline);
    if (timeouts.hasSubscribers) timeouts.publish({ deadline, peer, service: this.#service.name });
  }

  #dropped(reason: DropReason, peer: Peer): void {
    if (drops.hasSubscribers) drops.publish({ reason, peer, service: this.#service.name });
  }

  #report(error: unknown, peer: Peer | undefined): void {
    this.#counters.failed(error);
    errors.publish({ error, peer, service: this.#service.name });
    this.#options.onError?.(error, peer);
  }
}
