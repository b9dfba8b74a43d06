import { checkOptions, integer, type OptionNames, promised, signalOf, wrongType } from "../socket/values.ts";
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

/** How long connections may continue after the server's `close()`. */
export const DEFAULT_GRACE_MS = 5_000;
/** The longest grace: Node's timers take no more. */
const MAX_GRACE_MS = 2_147_483_647;

/** What a server goes by from its start, or from a reload: what was given, and what that says. */
interface Plan {
  readonly given: { readonly listeners: Listeners; readonly service: ServiceInput; readonly options: ServeOptions };
  readonly listeners: readonly ListenerSettings[];
  readonly service: Service;
  readonly limits: ServerLimits;
}

/** What a server that reloads goes by from then on; what is not said stays as it is. See {@link Server.reload}. */
export interface ReloadOptions {
  /** All listeners that there are then. */
  readonly listeners?: Listeners | undefined;
  readonly service?: ServiceInput | undefined;
  /** All options that there are then, and not only those that change. */
  readonly options?: ServeOptions | undefined;
}

const RELOAD_OPTIONS: OptionNames<ReloadOptions> = { listeners: true, service: true, options: true };
/** What `serve` has in its third place. */
const IN_OPTIONS = new Map(
  Object.keys(SERVE.kinds).map((name) => [name, "It belongs into 'change.options', with all others that are to stay"]),
);
const reloadForm = (): string => ", such as { listeners }";

/**
 * Serves on one URL or several. A connection is flushed and ended when the service's function returns, and aborted when
 * it throws; neither is noticed by any other. A Unix path is created, taken over from a server that is gone, and removed
 * at the close. No connection is taken before all listeners are open.
 *
 * @param listeners - URLs, see {@link parseSocketUrl}; port 0 lets the kernel choose. A listener with options of its own is an
 * object with its `url`, see {@link ListenerOptions}.
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
export async function serve(listeners: Listeners, service: ServiceInput, options: ServeOptions = {}): Promise<Server> {
  const plan = planOf({ listeners, service, options });
  const server = new Server(plan);
  await server.open(plan);
  return server;
}

/** @throws TypeError, RangeError, SocketUrlError for what cannot be. */
function planOf(given: Plan["given"], same?: Service): Plan {
  const { server: limits, listeners: ofAll } = serveLimits(given.options);
  const listeners = listenerSettings(given.listeners, ofAll);
  return { given, listeners, service: same ?? serviceOf(given.service), limits };
}

/** A running server. See {@link serve}. */
export class Server implements AsyncDisposable {
  /** What its listeners share. */
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
  /** Services that a reload has replaced, and that still have connections. */
  readonly #replaced = new Set<ServiceRun>();
  #alarms: ConnectionAlarms;
  /** Reloads are done one after the other. */
  #reloading: Promise<unknown> = Promise.resolve();
  #closing: Promise<CloseSummary> | undefined;
  #closed: Promise<CloseSummary> | undefined;
  #tellClosed: ((summary: CloseSummary) => void) | undefined;

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

  /** Where it serves, with the real ports: of the listeners that live. One that failed is not among them, nor one closed. */
  get urls(): readonly string[] {
    return this.#listeners.urls;
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
    return this.#core.connections.infos();
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
    return this.#core.connections.abort(id, reason);
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
   * Goes by other listeners, another service or other options from then on: all of it, or nothing where a listener cannot be
   * opened. A listener whose URL is unchanged, as it was given or as {@link urls} has it, keeps its socket, and no client is refused
   * meanwhile; `keepalive`, `user-timeout` and `nodelay` in it may change. One that is left out accepts no more. New connections get the new service and options; open ones end with the
   * service that they have, whose `stop` is called when the last of its calls has settled. Without arguments, what belongs to
   * listeners is read again.
   *
   * @throws as {@link serve} · ConnectionError `ERR_SOCKWRIGHT_SERVER_CLOSED`. The server goes on as it was then.
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
    return promised(() => {
      checkOptions("server.reload()", change, RELOAD_OPTIONS, reloadForm, "change", IN_OPTIONS);
      const given = { listeners: change.listeners, service: change.service, options: change.options };
      const reloaded = this.#reloading.then(() => this.#reload(given));
      this.#reloading = reloaded.catch(() => undefined);
      return reloaded;
    });
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

  /** From here on nothing waits, and nothing fails. */
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

  /** A service that was replaced is stopped when its last connection has ended, and none can come by a listener that was left out. */
  #retire(run: ServiceRun): void {
    this.#replaced.add(run);
    const stop = async (): Promise<void> => {
      await this.#listeners.whenLeft();
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
    // A reload that goes on finds that it is too late, and closes what it has opened.
    await Promise.race([Promise.all([closed, this.#reloading, connections.whenOver()]), this.#grace.over]);
    this.#listeners.giveUp();
    const aborted = this.#grace.isOver ? connections.abortAll() : 0;
    // Who only waited for the connection has returned by then.
    if (this.#grace.isOver) await aTurn();
    this.#alarms.stop();
    const isStopped = await this.#stopAll();
    this.#grace.stop();
    const { pending } = this.#listeners;
    const summary = { aborted, unfinished: connections.running + pending + (isStopped ? 0 : 1) };
    this.#tellClosed?.(summary);
    return summary;
  }

  /** Whether all services have stopped before the grace is over, or within a turn where it is over already. */
  async #stopAll(): Promise<boolean> {
    let isStopped = false;
    const stop = async (): Promise<void> => {
      await Promise.all([this.#run, ...this.#replaced].map((run) => this.#stopRun(run)));
      isStopped = true;
    };
    await Promise.race([stop(), this.#grace.over.then(aTurn)]);
    return isStopped;
  }

  async #stopRun(run: ServiceRun): Promise<void> {
    try {
      await run.stop();
    } catch (error) {
      this.#reports.hookFailed("stop", error, undefined);
    }
  }
}

/** All that is ready has its turn. */
function aTurn(): Promise<void> {
  return new Promise((resolve) => void setImmediate(resolve));
}
