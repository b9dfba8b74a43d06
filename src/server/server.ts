import { checkOptions, integer, type OptionNames, signalOf, tryPromise, wrongType } from "../socket/values.ts";
import { type ConnectionInfo, ConnectionSet } from "./connection-set.ts";
import { Grace } from "./grace.ts";
import { Admission } from "./limits/admission.ts";
import { DatagramLimit } from "./limits/datagram-limit.ts";
import { type ListenerSettings, type Listeners, listenerSettings } from "./listener-options.ts";
import { ListenerSet, type ReadyListener } from "./listener-set.ts";
import { SERVE, type ServeOptions, type ServerLimits, serveLimits } from "./serve-options.ts";
import { type Service, type ServiceInput, serviceOf } from "./service.ts";
import { ServiceRun } from "./service-run.ts";
import { ConnectionAlarms } from "./telemetry/connection-alarms.ts";
import type { ConnectionContext } from "./telemetry/connection-context.ts";
import { ConnectionSpans } from "./telemetry/connection-spans.ts";
import type { ServerStats } from "./telemetry/server-counters.ts";
import { ServerReports } from "./telemetry/server-reports.ts";
import { systemClock } from "./time/clock.ts";
import { deadlines } from "./time/deadline-wheel.ts";
import { ConnectionError, isError } from "./transport/connection-error.ts";

/** Options of {@link Server.close}. */
export interface CloseOptions {
  /** How long connections may continue, in ms, 0 or more; then the server aborts them. Default 5 000. */
  readonly graceMs?: number | undefined;
  /** Ends that time at once when it aborts. */
  readonly signal?: AbortSignal | undefined;
}

/** What a server left unfinished when it closed. */
export interface CloseSummary {
  /** Connections that did not finish within the grace, and that the server aborted. */
  readonly aborted: number;
  /**
   * Calls of the service's functions that had not settled by then, and may continue: one for each connection and datagram, and
   * one for `stop`. Errors that they throw later still go to `onError`.
   */
  readonly unfinished: number;
}

const CLOSE_OPTIONS: OptionNames<CloseOptions> = { graceMs: true, signal: true };

/** The default of `graceMs`: how long connections may continue after the server's `close()`; then the server aborts them. */
export const DEFAULT_GRACE_MS = 5_000;
/** The largest `graceMs`: the limit of Node's timers. `close()` rejects with a RangeError above it. */
const MAX_GRACE_MS = 2_147_483_647;

/** The configuration of a server since its start or its last reload: the caller's arguments, and the settings made of them. */
interface Plan {
  readonly given: { readonly listeners: Listeners; readonly service: ServiceInput; readonly options: ServeOptions };
  readonly listeners: readonly ListenerSettings[];
  readonly service: Service;
  readonly limits: ServerLimits;
}

/** The changes of a reload; a field that is not given stays as it is. See {@link Server.reload}. */
export interface ReloadOptions {
  /** All listeners after the reload, not only new ones. */
  readonly listeners?: Listeners | undefined;
  /** The service for new connections and datagrams. */
  readonly service?: ServiceInput | undefined;
  /** All options after the reload, not only those that change. */
  readonly options?: ServeOptions | undefined;
}

const RELOAD_OPTIONS: OptionNames<ReloadOptions> = { listeners: true, service: true, options: true };
/** The advice for an option of `serve` that stands directly in `change`. */
const IN_OPTIONS = new Map(
  Object.keys(SERVE.kinds).map((name) => [name, "It belongs in 'change.options', with all other options to keep"]),
);
const RELOAD_FORM = ", such as { listeners }";

/**
 * Starts a server on one URL or several. When the service's function returns, the server flushes and ends the connection; when
 * it throws, the server aborts the connection. Neither affects another connection. The server creates the file of a Unix
 * path, takes over one that a dead server left behind, and removes it when it closes. It takes no connection before all
 * listeners are open.
 *
 * @param listeners - URLs, see {@link parseSocketUrl}; with port 0 the kernel chooses a port. A listener with its own options
 * is an object with a `url`, see {@link ListenerOptions}.
 * @throws SocketUrlError · SocketError `EADDRINUSE`, `EACCES`, `EADDRNOTAVAIL` … · TransportError · TypeError when the
 * service has no function for that kind of socket · TypeError, RangeError for an invalid option.
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
export async function serve(listeners: Listeners, service: ServiceInput, options: ServeOptions = {}): Promise<Server> {
  const plan = planOf({ listeners, service, options });
  const server = new Server(plan);
  await server.open(plan);
  return server;
}

/** @throws TypeError, RangeError, SocketUrlError for an invalid argument. */
function planOf(given: Plan["given"], service?: Service): Plan {
  const { server: limits, listeners: common } = serveLimits(given.options);
  const listeners = listenerSettings(given.listeners, common);
  return { given, listeners, service: service ?? serviceOf(given.service), limits };
}

/** A running server. See {@link serve}. */
export class Server implements AsyncDisposable {
  /** The state that the listeners share. */
  readonly #core: {
    readonly admission: Admission;
    readonly datagramLimit: DatagramLimit;
    readonly connections: ConnectionSet;
    context: ConnectionContext | undefined;
  };
  readonly #reports: ServerReports;
  readonly #grace = new Grace();
  #plan: Plan;
  readonly #listeners: ListenerSet;
  #run: ServiceRun;
  /** Runs of services that a reload has replaced, and that still have connections. */
  readonly #replaced = new Set<ServiceRun>();
  #alarms: ConnectionAlarms;
  /** The last reload: reloads run one after the other. */
  #reloading: Promise<unknown> = Promise.resolve();
  #closing: Promise<CloseSummary> | undefined;
  #closed: Promise<CloseSummary> | undefined;
  #resolveClosed: ((summary: CloseSummary) => void) | undefined;

  /** @internal */
  constructor(plan: Plan) {
    const { service, limits } = plan;
    const reports = new ServerReports(service.name, limits.onError);
    this.#plan = plan;
    this.#reports = reports;
    this.#run = new ServiceRun(service);
    this.#alarms = new ConnectionAlarms(limits.alarms, deadlines, reports, limits.onAlarm);
    this.#core = {
      admission: new Admission(limits, systemClock, (active) => this.#alarms.update(active)),
      datagramLimit: new DatagramLimit(limits, systemClock),
      connections: new ConnectionSet(reports, new ConnectionSpans(reports)),
      context: limits.context,
    };
    this.#listeners = new ListenerSet(this.#core);
  }

  /** The URLs of the listeners that are open, with their real ports. A listener that failed or was closed is not among them. */
  get urls(): readonly string[] {
    return this.#listeners.urls;
  }

  /**
   * Resolves when the server has closed, with what it left unfinished; never rejects. See {@link Server.close}.
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
        this.#resolveClosed = resolve;
      });
    return this.#closed;
  }

  /**
   * Returns the open connections as they are now. The list does not change later.
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
    return this.#core.connections.list();
  }

  /**
   * Aborts one of the {@link connections}; a TCP peer gets a reset. Returns false when no such connection is open.
   *
   * @param reason - the error that its reads reject with. Default is a ConnectionError `ERR_SOCKWRIGHT_ABORTED`.
   * @throws TypeError for an `id` or a `reason` of the wrong type.
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
    if (typeof id !== "number") throw wrongType("id", "of type number, from server.connections()", id);
    if (reason !== undefined && !isError(reason)) throw wrongType("reason", "an instance of Error", reason);
    return this.#core.connections.abort(id, reason);
  }

  /**
   * Returns the server's counters as they are now. The object does not change later. See {@link ServerStats}.
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
    return this.#reports.counters.snapshot(this.#core.connections.active);
  }

  /** @internal */
  async open(plan: Plan): Promise<void> {
    await this.#run.start();
    const run = this.#run;
    try {
      this.#listeners.use(await this.#listeners.prepare(plan.listeners, run), run);
    } catch (error) {
      await this.close({ graceMs: 0 });
      throw error;
    }
  }

  /**
   * Changes the listeners, the service or the options. It applies all given changes, or none when a listener cannot be opened. A
   * listener whose URL is the same, as the caller wrote it or as {@link urls} returns it, keeps its socket, and the server
   * refuses no client meanwhile; its `keepalive`, `user-timeout` and `nodelay` may change. A listener that is left out stops
   * accepting. New connections get the new service and options. Open connections keep the service that they have; the server
   * calls its `stop` when the last of its calls has settled. Without arguments, the server only evaluates the
   * settings of its listeners again.
   *
   * @throws as {@link serve} · ConnectionError `ERR_SOCKWRIGHT_SERVER_CLOSED`. Then the server continues unchanged.
   * @example
   * ```ts
   * import { connect, serve } from "sockwright/server";
   *
   * const server = await serve("tcp://127.0.0.1:0", (connection) => void connection.write("one"));
   * await server.reload({ service: (connection) => void connection.write("two"), options: { maxConnections: 10 } });
   * const client = await connect(server.urls[0] ?? "");
   * console.log(String(await client.read())); // => two
   * await client.close();
   * await server.close();
   * ```
   */
  reload(change: ReloadOptions = {}): Promise<void> {
    return tryPromise(() => {
      checkOptions("server.reload()", change, RELOAD_OPTIONS, RELOAD_FORM, "change", IN_OPTIONS);
      const given = { listeners: change.listeners, service: change.service, options: change.options };
      const reloaded = this.#reloading.then(() => this.#reload(given));
      this.#reloading = reloaded.catch(() => undefined);
      return reloaded;
    });
  }

  /**
   * Closes the server. It stops accepting, gives each connection that waits for input the end of input, and waits until all
   * connections have finished, all accepted datagrams are answered, and the service's `stop` has settled. After `graceMs` it
   * aborts the connections that have not finished, drops later answers, and resolves, whatever the service's functions do; so
   * one of them may await it. When `close` is called several times, the earliest end applies. See {@link serve}.
   *
   * @returns what the server left unfinished. It does not reject for what fails meanwhile: those errors go to `onError`.
   * @throws RangeError, TypeError for an invalid `graceMs` or `signal`.
   */
  close(options: CloseOptions = {}): Promise<CloseSummary> {
    return tryPromise(() => {
      checkOptions("server.close()", options, CLOSE_OPTIONS, (ms) => `, such as { graceMs: ${ms} }`);
      const signal = signalOf(options);
      const { graceMs = DEFAULT_GRACE_MS } = options;
      integer("options.graceMs", graceMs, 0, MAX_GRACE_MS);
      this.#closing ??= this.#close();
      this.#grace.endWithin(graceMs, signal);
      return this.#closing;
    });
  }

  /** `await using` closes the server. See {@link serve}. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #reload(change: ReloadOptions): Promise<void> {
    if (this.#isClosing()) throw new ConnectionError("ERR_SOCKWRIGHT_SERVER_CLOSED");
    const before = this.#plan.given;
    const isSame = change.service === undefined || change.service === before.service;
    const given = {
      listeners: change.listeners === undefined ? before.listeners : change.listeners,
      service: change.service === undefined ? before.service : change.service,
      options: change.options === undefined ? before.options : change.options,
    };
    const plan = planOf(given, isSame ? this.#plan.service : undefined);
    const run = isSame ? this.#run : new ServiceRun(plan.service);
    if (!isSame) await run.start();
    try {
      const ready = await this.#listeners.prepare(plan.listeners, run);
      if (this.#isClosing()) {
        await this.#listeners.abandon(ready);
        throw new ConnectionError("ERR_SOCKWRIGHT_SERVER_CLOSED");
      }
      this.#use(plan, run, ready);
    } catch (error) {
      if (!isSame) await this.#stopRun(run);
      throw error;
    }
  }

  /** Applies a prepared reload. Nothing in it waits or fails. */
  #use(plan: Plan, run: ServiceRun, ready: readonly ReadyListener[]): void {
    const { limits } = plan;
    const replaced = this.#run;
    this.#plan = plan;
    this.#run = run;
    this.#reports.use(plan.service.name, limits.onError);
    this.#core.context = limits.context;
    this.#alarms.stop();
    this.#alarms = new ConnectionAlarms(limits.alarms, deadlines, this.#reports, limits.onAlarm);
    const { admission, connections, datagramLimit } = this.#core;
    admission.use(limits, connections.peers());
    datagramLimit.use(limits);
    this.#alarms.update(admission.active);
    this.#listeners.use(ready, run);
    if (run !== replaced) this.#retire(replaced);
  }

  /** Stops a replaced service when its last call has settled and the left-out listeners are closed, so that no new call can begin. */
  #retire(run: ServiceRun): void {
    this.#replaced.add(run);
    const stop = async (): Promise<void> => {
      await this.#listeners.awaitRemovals();
      await run.whenIdle();
      await this.#stopRun(run);
      this.#replaced.delete(run);
    };
    void stop();
  }

  #isClosing(): boolean {
    return this.#closing !== undefined;
  }

  async #close(): Promise<CloseSummary> {
    const { connections } = this.#core;
    const closed = this.#listeners.close();
    connections.stop();
    // A reload in progress sees that the server closes, and closes the listeners that it has opened.
    await Promise.race([Promise.all([closed, this.#reloading, connections.whenIdle()]), this.#grace.whenOver]);
    this.#listeners.giveUp();
    const aborted = this.#grace.isOver ? connections.abortAll() : 0;
    // Handlers that only waited for their connection return within this turn.
    if (this.#grace.isOver) await nextTurn();
    this.#alarms.stop();
    const isStopped = await this.#stopAll();
    this.#grace.stop();
    const { pending } = this.#listeners;
    const summary = { aborted, unfinished: connections.running + pending + (isStopped ? 0 : 1) };
    this.#resolveClosed?.(summary);
    return summary;
  }

  /** Stops all services. False when the grace ended first; when it is over already, the services have one turn. */
  async #stopAll(): Promise<boolean> {
    let isStopped = false;
    const stop = async (): Promise<void> => {
      await Promise.all([this.#run, ...this.#replaced].map((run) => this.#stopRun(run)));
      isStopped = true;
    };
    await Promise.race([stop(), this.#grace.whenOver.then(nextTurn)]);
    return isStopped;
  }

  async #stopRun(run: ServiceRun): Promise<void> {
    try {
      await run.stop();
    } catch (error) {
      this.#reports.reportHookError("stop", error, undefined);
    }
  }
}

/** Resolves after one turn of the event loop. */
function nextTurn(): Promise<void> {
  return new Promise((resolve) => void setImmediate(resolve));
}
