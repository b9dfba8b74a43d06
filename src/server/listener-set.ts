import { wrongValue } from "../socket/values.ts";
import { DatagramServer } from "./datagram-server.ts";
import { Listener, type ListenerOwner, type ListenerTerms } from "./listener.ts";
import type { ListenerSettings } from "./listener-options.ts";
import type { Service } from "./service.ts";
import type { ServiceRun } from "./service-run.ts";
import type { Transport } from "./transport/transport.ts";
import { transport } from "./transport/transports.ts";
import { isOfDatagrams, SCHEMES } from "./url/schemes.ts";
import { formatSocketUrl, isInherited, type SocketUrl } from "./url/socket-url.ts";

type AnyListener = Listener | DatagramServer;

/** A listener that can begin, and what one that was there before is to go by. */
export interface ReadyListener {
  readonly listener: AnyListener;
  readonly terms: ListenerTerms | undefined;
}

/** The listeners of a server, of connections and of datagrams. */
export class ListenerSet {
  readonly #owner: ListenerOwner;
  #listeners: readonly AnyListener[] = [];
  /** Those that were left out, and are still being closed. */
  readonly #leaving = new Map<AnyListener, Promise<void>>();

  constructor(owner: ListenerOwner) {
    this.#owner = owner;
  }

  /** Of those that live, with the real ports. */
  get urls(): readonly string[] {
    return this.#listeners.filter(({ isLive }) => isLive).map(({ url }) => formatSocketUrl(url));
  }

  /** Datagrams that the service has not answered yet. */
  get pending(): number {
    return this.#datagramServers().reduce((sum, server) => sum + server.pending, 0);
  }

  /**
   * Opens what is new, and looks at what stays: all of them can begin then, and nothing has changed yet. Where one cannot, those that
   * were opened are closed again.
   */
  async prepare(listeners: readonly ListenerSettings[], run: ServiceRun): Promise<readonly ReadyListener[]> {
    const kept = keptFor(listeners, this.#listeners);
    const opened: AnyListener[] = [];
    const ready: ReadyListener[] = [];
    try {
      for (const settings of listeners) {
        const same = kept.get(settings);
        if (same === undefined) {
          const listener = await this.#open(settings, run);
          opened.push(listener);
          ready.push({ listener, terms: undefined });
          continue;
        }
        await checkKept(same, settings, run.service);
        ready.push({ listener: same, terms: same instanceof DatagramServer ? undefined : same.termsOf(settings) });
      }
      return ready;
    } catch (error) {
      await this.#closeAll(opened);
      throw error;
    }
  }

  /** Nothing comes of what was prepared. */
  async abandon(ready: readonly ReadyListener[]): Promise<void> {
    await this.#closeAll(ready.map(({ listener }) => listener).filter((each) => !this.#listeners.includes(each)));
  }

  /** From now on it is these; one that is left out stops accepting, and what came by it goes on. */
  use(ready: readonly ReadyListener[], run: ServiceRun): void {
    const before = this.#listeners;
    this.#listeners = ready.map(({ listener }) => listener);
    for (const { listener, terms } of ready) {
      if (!before.includes(listener)) listener.begin();
      else if (listener instanceof DatagramServer) listener.use(run);
      else if (terms !== undefined) this.#configure(listener, terms, run);
    }
    for (const listener of before) if (!this.#listeners.includes(listener)) this.#leave(listener);
  }

  /** Settles when those that were left out are closed: nothing more comes by them. */
  async whenLeft(): Promise<void> {
    await Promise.all(this.#leaving.values());
  }

  /** Accepts no more. Settles when all are closed, each by itself: none waits for another that hangs. */
  async close(): Promise<void> {
    await Promise.all([this.#closeAll(this.#listeners), ...this.#leaving.values()]);
  }

  /** A close waits no longer: answers that come later are dropped. */
  giveUp(): void {
    for (const server of this.#datagramServers()) server.giveUp();
  }

  #datagramServers(): readonly DatagramServer[] {
    return [...this.#listeners, ...this.#leaving.keys()].filter((listener) => listener instanceof DatagramServer);
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
    } catch (error) {
      // One of its addresses may have been open before another failed, and have given it something.
      await this.#closeOne(listener);
      throw error;
    }
    return listener;
  }

  #leave(listener: AnyListener): void {
    const left = this.#closeOne(listener).then(() => void this.#leaving.delete(listener));
    this.#leaving.set(listener, left);
  }

  #configure(listener: Listener, terms: ListenerTerms, run: ServiceRun): void {
    try {
      listener.use(terms, run);
    } catch (error) {
      this.#owner.connections.reports.failed(error, undefined);
    }
  }

  async #closeAll(listeners: readonly AnyListener[]): Promise<void> {
    await Promise.all(listeners.map((listener) => this.#closeOne(listener)));
  }

  async #closeOne(listener: AnyListener): Promise<void> {
    try {
      await listener.close();
    } catch (error) {
      this.#owner.connections.reports.failed(error, undefined);
    }
  }
}

function isForDatagrams(chosen: Transport, url: SocketUrl): boolean {
  return isInherited(url) ? chosen.isForDatagrams?.(url) === true : isOfDatagrams(url);
}

/**
 * Which of the listeners that live stays for which settings: the one that is at the URL, with the real port, or else one that was
 * opened by the same URL; best with the same options. Port 0 takes none that another of the settings names.
 */
function keptFor(
  all: readonly ListenerSettings[],
  listeners: readonly AnyListener[],
): ReadonlyMap<ListenerSettings, AnyListener> {
  const free = new Set(listeners.filter(({ isLive }) => isLive));
  const kept = new Map<ListenerSettings, AnyListener>();
  for (const name of ["url", "requestedUrl"] as const) {
    for (const textOf of [formatSocketUrl, placeOf]) {
      for (const settings of all) {
        if (kept.has(settings)) continue;
        const text = textOf(settings.url);
        const same = [...free].find((listener) => textOf(listener[name]) === text);
        if (same === undefined) continue;
        kept.set(settings, same);
        free.delete(same);
      }
    }
  }
  return kept;
}

/** Options of connections alone are no part of it: they can change while the listener keeps its socket. */
function placeOf(url: SocketUrl): string {
  if (!("host" in url)) return formatSocketUrl(url);
  const { keepAliveMs, userTimeoutMs, noDelay, ...place } = url;
  return formatSocketUrl(place);
}

/** A listener that stays has the socket that it has. */
async function checkKept(listener: AnyListener, settings: ListenerSettings, service: Service): Promise<void> {
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
    throw lacks(service, "datagrams", url, "{ name, datagram({ data, reply }) { … } }");
  if (!isDatagrams && service.stream === undefined)
    throw lacks(service, "connections", url, "a function stream(connection)");
  const protocol = SCHEMES.get(url.scheme)?.protocol;
  if (protocol !== undefined && service.protocols?.includes(protocol) !== true)
    throw lacks(service, protocol, url, `a service whose protocols have ${JSON.stringify(protocol)}`);
}

function lacks(service: Service, what: string, url: SocketUrl, form: string): TypeError {
  return wrongValue("service", `serves no ${what}: ${formatSocketUrl(url)} needs ${form}`, service);
}
