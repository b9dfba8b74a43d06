import type { AsyncResource } from "node:async_hooks";
import {
  checkOptions,
  integer,
  type OptionNames,
  promised,
  signalOf,
  wrongType,
  wrongValue,
} from "../socket/values.ts";
import { Connection, nextConnectionId } from "./connection/connection.ts";
import type { ConnectionPolicy } from "./connection/policy.ts";
import { type ConnectionInfo, ConnectionSet, Session } from "./connection-set.ts";
import { DatagramServer } from "./datagram-server.ts";
import { Grace } from "./grace.ts";
import { Admission } from "./limits/admission.ts";
import { DatagramLimit } from "./limits/datagram-limit.ts";
import { type ServeOptions, serveLimits } from "./serve-options.ts";
import { type Service, type ServiceInput, serviceOf } from "./service.ts";
import { ConnectionAlarms } from "./telemetry/connection-alarms.ts";
import { type ConnectionContext, contextOf } from "./telemetry/connection-context.ts";
import type { ConnectionStart } from "./telemetry/connection-messages.ts";
import { ConnectionSpans } from "./telemetry/connection-spans.ts";
import type { ServerStats } from "./telemetry/server-counters.ts";
import { ServerReports } from "./telemetry/server-reports.ts";
import { systemClock } from "./time/clock.ts";
import { deadlines } from "./time/deadline-wheel.ts";
import { isError } from "./transport/connection-error.ts";
import { ContextLink } from "./transport/context-link.ts";
import type { Link } from "./transport/link.ts";
import { type LinkTimeouts, timed } from "./transport/timed-link.ts";
import type { DatagramEvents, DatagramSocket, LinkListener } from "./transport/transport.ts";
import { transport } from "./transport/transports.ts";
import { formatSocketUrl, isInherited, parseSocketUrl, type SocketUrl } from "./url/socket-url.ts";

/** How a server closes. */
export interface CloseOptions {
  /** How long connections may go on, in ms, 0 or more; then they are aborted. Default 5 000. */
  readonly graceMs?: number | undefined;
  /** Ends that time at once. */
  readonly signal?: AbortSignal | undefined;
}

/** What a server that has closed did not wait for. */
export interface CloseSummary {
  /** Connections that had not finished within the grace, and were aborted. */
  readonly aborted: number;
  /**
   * Calls of the service's functions that had not returned then, and may go on: one for each connection and datagram, and one
   * for `stop`. What they throw later is still told to `onError`.
   */
  readonly unfinished: number;
}

const CLOSE_OPTIONS: OptionNames<CloseOptions> = { graceMs: true, signal: true };

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
  // What is no list is told what a URL is, whatever it is.
  if (isList(urls) && urls.length === 0) throw wrongValue("urls", "must have at least one socket URL", urls);
  const parsed = (isList(urls) ? urls : [urls]).map((url) => parseSocketUrl(url));
  const server = new Server(serviceOf(service), options);
  await server.open(parsed);
  return server;
}

function isList(urls: string | readonly string[]): urls is readonly string[] {
  return Array.isArray(urls);
}

/** A running server. See {@link serve}. */
export class Server implements AsyncDisposable {
  readonly #service: Service;
  readonly #context: ConnectionContext | undefined;
  readonly #listeners: (LinkListener | DatagramServer)[] = [];
  readonly #datagramServers: DatagramServer[] = [];
  readonly #reports: ServerReports;
  readonly #spans: ConnectionSpans;
  readonly #connections: ConnectionSet;
  readonly #admission: Admission;
  readonly #datagramLimit: DatagramLimit;
  readonly #alarms: ConnectionAlarms;
  readonly #timeouts: LinkTimeouts;
  /** One for all connections. */
  readonly #policy: ConnectionPolicy;
  readonly #grace = new Grace();
  #closing: Promise<CloseSummary> | undefined;
  #closed: Promise<CloseSummary> | undefined;
  #tellClosed: ((summary: CloseSummary) => void) | undefined;

  /** @internal */
  constructor(service: Service, options: ServeOptions) {
    this.#service = service;
    const limits = serveLimits(options);
    // Read once: a getter of the program's own that throws must not do so at a connection.
    this.#context = options.context;
    const reports = new ServerReports(service.name, options.onError);
    this.#reports = reports;
    this.#spans = new ConnectionSpans(service.name);
    this.#timeouts = limits;
    this.#policy = {
      ...limits,
      isAccepted: true,
      wheel: deadlines,
      writeBufferFull: (peer) => reports.writeBufferFull(limits.whenWriteBufferFull, peer),
      expired: (reason, peer) => reports.expired(reason, peer),
    };
    this.#alarms = new ConnectionAlarms(limits.alarms, deadlines, reports, options.onAlarm);
    this.#datagramLimit = new DatagramLimit(limits, systemClock);
    this.#admission = new Admission(limits, systemClock, {
      changed: (active) => this.#alarms.update(active),
      refused: (reason, peer) => reports.refused(reason, peer),
      acceptFailed: (error) => reports.counters.acceptFailed(error),
    });
    this.#connections = new ConnectionSet(service, reports, this.#spans, this.#admission);
  }

  /** Where it serves, with the real ports: of the listeners that live. One that failed is not among them, nor one closed. */
  get urls(): readonly string[] {
    return this.#listeners.filter(({ isLive }) => isLive).map(({ url }) => formatSocketUrl(url));
  }

  /**
   * What the server has not waited for, once it is closed; never rejects. See {@link Server.close}.
   *
   * @example
   * ```ts
   * import { serve } from "sockwright/server";
   *
   * const server = await serve("tcp://127.0.0.1:0", async (connection) => void (await connection.read()));
   * server.closed.then(({ aborted, unfinished }) => console.log(aborted, unfinished)); // => 0 0
   * await server.close();
   * ```
   */
  get closed(): Promise<CloseSummary> {
    this.#closed ??=
      this.#closing ??
      new Promise((resolve) => {
        this.#tellClosed = resolve;
      });
    return this.#closed;
  }

  /**
   * The connections that are open, one after the other, as they are now: a list that does not change any more.
   *
   * @example
   * ```ts
   * import { connect, serve } from "sockwright/server";
   *
   * const server = await serve("tcp://127.0.0.1:0", async (connection) => {
   *   connection.write("hello");
   *   await connection.read();
   * });
   * const client = await connect(server.urls[0] ?? "");
   * await client.read();
   * const [first] = server.connections();
   * console.log(first?.state, first?.bytesWritten); // => open 5
   * await client.close();
   * await server.close();
   * ```
   */
  connections(): readonly ConnectionInfo[] {
    return this.#connections.infos();
  }

  /**
   * Aborts one of the {@link connections}; a TCP peer gets a reset. False where no such connection is open.
   *
   * @param reason - what its reads reject with. Default is a ConnectionError `ERR_SOCKWRIGHT_ABORTED`.
   * @throws TypeError.
   * @example
   * ```ts
   * import { connect, serve } from "sockwright/server";
   *
   * const server = await serve("tcp://127.0.0.1:0", async (connection) => {
   *   connection.write("hello");
   *   await connection.read();
   * });
   * const client = await connect(server.urls[0] ?? "");
   * await client.read();
   * for (const { id } of server.connections()) console.log(server.abort(id)); // => true
   * await client.read().catch((error: unknown) => {
   *   console.log(error instanceof Error && "code" in error && error.code); // => ECONNRESET
   * });
   * await server.close();
   * ```
   */
  abort(id: number, reason?: Error): boolean {
    if (typeof id !== "number") throw wrongType("id", "of type number, as server.connections() has it", id);
    if (reason !== undefined && !isError(reason)) throw wrongType("reason", "an instance of Error", reason);
    return this.#connections.abort(id, reason);
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
    return this.#reports.counters.snapshot(this.#connections.active);
  }

  /** @internal */
  async open(urls: readonly SocketUrl[]): Promise<void> {
    await this.#service.start?.();
    try {
      for (const url of urls) await this.#listen(url);
    } catch (error) {
      await this.close({ graceMs: 0 });
      throw error;
    }
  }

  /**
   * Accepts no more, gives every connection that waits for input the end of it, and waits for all to finish, for the
   * answers to all datagrams that were taken, and for the service's `stop`. When `graceMs` have passed, connections that have
   * not finished are aborted, answers that come later are dropped, and it settles, whatever the service's functions do: also
   * when it is awaited in one of them. Of several calls the earliest end counts. See {@link serve}.
   *
   * @returns what was not waited for. It does not reject: what fails meanwhile is told to `onError`.
   * @throws RangeError, TypeError for a time or a signal that cannot be.
   */
  close(options: CloseOptions = {}): Promise<CloseSummary> {
    return promised(() => {
      checkOptions("server.close()", options, CLOSE_OPTIONS, (ms) => `, such as { graceMs: ${ms} }`);
      const signal = signalOf(options);
      const { graceMs = DEFAULT_GRACE_MS } = options;
      integer("options.graceMs", graceMs, 0, MAX_GRACE_MS);
      this.#closing ??= this.#close();
      this.#grace.endsWithin(graceMs, signal);
      return this.#closing;
    });
  }

  /** `await using` closes the server. See {@link serve}. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #close(): Promise<CloseSummary> {
    // Each by itself: none waits for another that hangs.
    const closed = this.#listeners.map((listener) => this.#closeListener(listener));
    this.#connections.stop();
    await Promise.race([Promise.all([...closed, this.#connections.whenOver()]), this.#grace.over]);
    for (const server of this.#datagramServers) server.giveUp();
    const aborted = this.#grace.isOver ? this.#connections.abortAll() : 0;
    // Who only waited for the connection has returned by then.
    if (this.#grace.isOver) await aTurn();
    this.#alarms.stop();
    const isStopped = await this.#stopService();
    this.#grace.stop();
    const pending = this.#datagramServers.reduce((sum, server) => sum + server.pending, 0);
    const summary = { aborted, unfinished: this.#connections.running + pending + (isStopped ? 0 : 1) };
    this.#tellClosed?.(summary);
    return summary;
  }

  async #closeListener(listener: LinkListener | DatagramServer): Promise<void> {
    try {
      await listener.close();
    } catch (error) {
      this.#reports.failed(error, undefined);
    }
  }

  /** Whether it has stopped before the grace is over, or within a turn where it is over already. */
  async #stopService(): Promise<boolean> {
    let isStopped = false;
    const stop = async (): Promise<void> => {
      try {
        await this.#service.stop?.();
      } catch (error) {
        this.#reports.hookFailed("stop", error, undefined);
      }
      isStopped = true;
    };
    await Promise.race([stop(), this.#grace.over.then(aTurn)]);
    return isStopped;
  }

  async #listen(url: SocketUrl): Promise<void> {
    const { listen, bind, isForDatagrams } = await transport();
    const failed = (error: unknown): void => this.#reports.failed(error, undefined);
    const isDatagrams = isInherited(url) ? isForDatagrams?.(url) : url.scheme === "udp" || url.scheme === "unix-dgram";
    if (isDatagrams !== true) {
      const { stream } = this.#service;
      if (stream === undefined) throw lacks(this.#service, "connections", url, "a function stream(connection)");
      let session = new Session(this.#connections, url);
      const listener = await listen(url, (link) => this.#accept(link, session), failed, this.#admission);
      session = new Session(this.#connections, listener.url);
      this.#listeners.push(listener);
      return;
    }
    const { datagram } = this.#service;
    if (datagram === undefined)
      throw lacks(this.#service, "datagrams", url, "{ name, datagram({ data, reply }) { … } }");
    const bindTo = (events: DatagramEvents): Promise<DatagramSocket> => bind(url, events);
    const server = await DatagramServer.open(bindTo, this.#service, this.#datagramLimit, this.#reports);
    this.#datagramServers.push(server);
    this.#listeners.push(server);
  }

  #accept(link: Link, session: Session): void {
    if (!this.#admission.admit(link.peer)) {
      link.abort();
      return;
    }
    const id = nextConnectionId();
    const context = this.#context;
    const { hasSubscribers } = this.#spans;
    const start = hasSubscribers || context !== undefined ? this.#spans.describe(id, link.peer, session.at) : undefined;
    const own = hasSubscribers ? new Session(this.#connections, session.at, start) : session;
    if (context !== undefined && start !== undefined) {
      this.#acceptInContext(link, own, start, context);
      return;
    }
    const guarded = timed(link, this.#timeouts, deadlines, this.#policy.expired);
    this.#connections.begin(new Connection(guarded, this.#policy, id), own);
  }

  #acceptInContext(link: Link, session: Session, start: ConnectionStart, context: ConnectionContext): void {
    let own: AsyncResource;
    try {
      own = contextOf(start, context, (error) => this.#reports.hookFailed("context", error, link.peer));
    } catch (error) {
      link.abort();
      this.#admission.left(link.peer);
      this.#reports.hookFailed("context", error, link.peer);
      return;
    }
    const guarded = timed(new ContextLink(link, own), this.#timeouts, deadlines, this.#policy.expired);
    own.runInAsyncScope(() => this.#connections.begin(new Connection(guarded, this.#policy, start.id), session));
  }
}

function lacks(service: Service, what: string, url: SocketUrl, form: string): TypeError {
  return wrongValue("service", `serves no ${what}: ${formatSocketUrl(url)} needs ${form}`, service);
}

/** All that is ready has its turn. */
function aTurn(): Promise<void> {
  return new Promise((resolve) => void setImmediate(resolve));
}
