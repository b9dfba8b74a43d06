import { wrongValue } from "../socket/values.ts";
import { DatagramServer } from "./datagram-server.ts";
import { loadHandshake } from "./handshake.ts";
import { Listener, type ListenerConfig, type ListenerOwner } from "./listener.ts";
import type { ListenerSettings } from "./listener-options.ts";
import type { Service } from "./service.ts";
import type { ServiceRun } from "./service-run.ts";
import type { Transport } from "./transport/transport.ts";
import { transport } from "./transport/transports.ts";
import { baseOf, isDatagramUrl, SCHEMES } from "./url/schemes.ts";
import { formatSocketUrl, isInherited, placeOf, type SocketUrl } from "./url/socket-url.ts";

type AnyListener = Listener | DatagramServer;

/** A listener that is ready to begin, with the new configuration of one that exists already. */
export interface ReadyListener {
  readonly listener: AnyListener;
  readonly config: ListenerConfig | undefined;
}

/** All listeners of a server, for connections and for datagrams. */
export class ListenerSet {
  readonly #owner: ListenerOwner;
  #listeners: readonly AnyListener[] = [];
  /** Listeners that a reload left out, and that still close. */
  readonly #closing = new Map<AnyListener, Promise<void>>();

  constructor(owner: ListenerOwner) {
    this.#owner = owner;
  }

  /** The URLs of the open listeners, with their real ports. */
  get urls(): readonly string[] {
    return this.#listeners.filter(({ isLive }) => isLive).map(({ url }) => formatSocketUrl(url));
  }

  /** Datagrams that the service has not answered yet. */
  get pending(): number {
    return this.#datagramServers().reduce((sum, server) => sum + server.pending, 0);
  }

  /**
   * Opens the new listeners, and checks those that stay. Afterwards all can begin, and nothing has changed yet. When one fails,
   * those that were opened are closed again.
   */
  async prepare(listeners: readonly ListenerSettings[], run: ServiceRun): Promise<readonly ReadyListener[]> {
    const kept = matchListeners(listeners, this.#listeners);
    const opened: AnyListener[] = [];
    const ready: ReadyListener[] = [];
    await Promise.all(listeners.map(({ url }) => loadHandshake(url)));
    try {
      for (const settings of listeners) {
        const same = kept.get(settings);
        if (same === undefined) {
          const listener = await this.#open(settings, run);
          opened.push(listener);
          ready.push({ listener, config: undefined });
          continue;
        }
        await checkReuse(same, settings, run.service);
        ready.push({ listener: same, config: same instanceof DatagramServer ? undefined : same.configOf(settings) });
      }
      return ready;
    } catch (error) {
      await this.#closeAll(opened);
      throw error;
    }
  }

  /** Closes listeners that were prepared and will not be used. */
  async abandon(ready: readonly ReadyListener[]): Promise<void> {
    await this.#closeAll(ready.map(({ listener }) => listener).filter((each) => !this.#listeners.includes(each)));
  }

  /** Uses these listeners from now on. One that is left out stops accepting; its connections continue. */
  use(ready: readonly ReadyListener[], run: ServiceRun): void {
    const before = this.#listeners;
    this.#listeners = ready.map(({ listener }) => listener);
    for (const { listener, config } of ready) {
      if (!before.includes(listener)) listener.begin();
      else if (listener instanceof DatagramServer) listener.use(run);
      else if (config !== undefined) this.#configure(listener, config, run);
    }
    for (const listener of before) if (!this.#listeners.includes(listener)) this.#remove(listener);
  }

  /** Resolves when the left-out listeners are closed, so that nothing more comes from them. */
  async awaitRemovals(): Promise<void> {
    await Promise.all(this.#closing.values());
  }

  /** Closes all listeners at the same time: none waits for another that hangs. */
  async close(): Promise<void> {
    await Promise.all([this.#closeAll(this.#listeners), ...this.#closing.values()]);
  }

  /** Ends the wait of a close: later answers are dropped. */
  giveUp(): void {
    for (const server of this.#datagramServers()) server.giveUp();
  }

  #datagramServers(): readonly DatagramServer[] {
    return [...this.#listeners, ...this.#closing.keys()].filter((listener) => listener instanceof DatagramServer);
  }

  async #open(settings: ListenerSettings, run: ServiceRun): Promise<AnyListener> {
    const chosen = await transport(settings.transport);
    const { url } = settings;
    const isDatagrams = isForDatagrams(chosen, url);
    checkService(run.service, url, isDatagrams);
    const { datagramLimit, connections } = this.#owner;
    const listener = isDatagrams
      ? new DatagramServer(url, run, datagramLimit, connections.reports)
      : new Listener(this.#owner, settings, run);
    try {
      await listener.open(chosen);
      if (settings.proxyFrom !== undefined) checkProxy(listener.url, isDatagrams);
    } catch (error) {
      // One of its addresses may have been open, and have taken something, before another failed.
      await this.#closeOne(listener);
      throw error;
    }
    return listener;
  }

  #remove(listener: AnyListener): void {
    const closed = this.#closeOne(listener).then(() => void this.#closing.delete(listener));
    this.#closing.set(listener, closed);
  }

  #configure(listener: Listener, config: ListenerConfig, run: ServiceRun): void {
    try {
      listener.use(config, run);
    } catch (error) {
      this.#owner.connections.reports.reportError(error, undefined);
    }
  }

  async #closeAll(listeners: readonly AnyListener[]): Promise<void> {
    await Promise.all(listeners.map((listener) => this.#closeOne(listener)));
  }

  async #closeOne(listener: AnyListener): Promise<void> {
    try {
      await listener.close();
    } catch (error) {
      this.#owner.connections.reports.reportError(error, undefined);
    }
  }
}

/** Refuses PROXY headers on an inherited socket whose kind is known only now. */
function checkProxy(url: SocketUrl, isDatagrams: boolean): void {
  const base = baseOf(url);
  if (!isDatagrams && base !== "unix-seqpacket" && base !== "vsock") return;
  throw wrongValue("proxyFrom", "is for streams of TCP and Unix sockets", formatSocketUrl(url));
}

function isForDatagrams(chosen: Transport, url: SocketUrl): boolean {
  return isInherited(url) ? chosen.isForDatagrams?.(url) === true : isDatagramUrl(url);
}

/**
 * Which open listener to keep for which settings: the one at that URL, with the real port, or else one that was opened with the
 * same URL; one with the same options is preferred. Settings with port 0 take no listener that other settings name.
 */
function matchListeners(
  all: readonly ListenerSettings[],
  listeners: readonly AnyListener[],
): ReadonlyMap<ListenerSettings, AnyListener> {
  const free = new Set(listeners.filter(({ isLive }) => isLive));
  const matches = new Map<ListenerSettings, AnyListener>();
  for (const name of ["url", "requestedUrl"] as const) {
    for (const textOf of [formatSocketUrl, placeText]) {
      for (const settings of all) {
        if (matches.has(settings)) continue;
        const text = textOf(settings.url);
        const same = [...free].find((listener) => textOf(listener[name]) === text);
        if (same === undefined) continue;
        matches.set(settings, same);
        free.delete(same);
      }
    }
  }
  return matches;
}

function placeText(url: SocketUrl): string {
  return formatSocketUrl(placeOf(url));
}

/** Checks that a kept listener fits its new settings and service: its socket does not change. */
async function checkReuse(listener: AnyListener, settings: ListenerSettings, service: Service): Promise<void> {
  checkService(service, settings.url, listener instanceof DatagramServer);
  const { name, checkListener } = await transport(settings.transport);
  if (name === listener.transport) {
    checkListener?.(settings.url, settings);
    return;
  }
  const reason = `cannot change while the listener keeps its socket: ${formatSocketUrl(settings.url)} is open over ${listener.transport}`;
  throw wrongValue("transport", reason, name);
}

function checkService(service: Service, url: SocketUrl, isDatagrams: boolean): void {
  if (isDatagrams && service.datagram === undefined)
    throw missingFunction(service, "datagrams", url, "{ name, datagram({ data, reply }) { … } }");
  if (!isDatagrams && service.stream === undefined)
    throw missingFunction(service, "connections", url, "a function stream(connection)");
  const protocol = SCHEMES.get(url.scheme)?.protocol;
  if (protocol !== undefined && service.protocols?.includes(protocol) !== true)
    throw missingFunction(
      service,
      protocol,
      url,
      `a service whose protocols have ${JSON.stringify(protocol)}; the scheme of plain bytes is ${baseOf(url)}:`,
    );
}

function missingFunction(service: Service, kind: string, url: SocketUrl, form: string): TypeError {
  return wrongValue("service", `serves no ${kind}: ${formatSocketUrl(url)} needs ${form}`, service);
}
