import type { AsyncResource } from "node:async_hooks";
import type { Address } from "../socket/values.ts";
import { Connection } from "./connection/connection.ts";
import { nextConnectionId } from "./connection/connection-id.ts";
import type { ConnectionPolicy } from "./connection/policy.ts";
import { type ConnectionSet, Session } from "./connection-set.ts";
import { HandshakeRun, type HandshakeStep, handshakeOf } from "./handshake.ts";
import type { Admission, RefusalReason } from "./limits/admission.ts";
import type { DatagramLimit } from "./limits/datagram-limit.ts";
import { Handshakes } from "./limits/handshakes.ts";
import type { ListenerSettings } from "./listener-options.ts";
import { ProxySources } from "./proxy-sources.ts";
import type { ServiceRun } from "./service-run.ts";
import { type ConnectionContext, contextOf } from "./telemetry/connection-context.ts";
import type { ConnectionStart } from "./telemetry/connection-messages.ts";
import { deadlines } from "./time/deadline-wheel.ts";
import { ContextLink } from "./transport/context-link.ts";
import type { Link } from "./transport/link.ts";
import type { Peer } from "./transport/peer.ts";
import { peerOf } from "./transport/peer-of.ts";
import { timedLinkOf } from "./transport/timed-link.ts";
import type { LinkListener, ListenerEvents, Transport } from "./transport/transport.ts";
import type { SocketUrl } from "./url/socket-url.ts";

/** Connections to keep until all listeners of the server are open; the listener resets further ones. */
export const MAX_EARLY_CONNECTIONS = 64;

/** The part of a server that its listeners use. */
export interface ListenerOwner {
  readonly admission: Admission;
  readonly datagramLimit: DatagramLimit;
  readonly connections: ConnectionSet;
  /** The option `context` of the server; a reload may change it. */
  readonly context: ConnectionContext | undefined;
}

/** The configuration of a listener: its settings, and the objects made of them. */
export interface ListenerConfig {
  readonly settings: ListenerSettings;
  readonly policy: ConnectionPolicy;
  readonly handshake: HandshakeStep | undefined;
  /** The proxies from which connections must come; undefined where all may come. */
  readonly proxies: ProxySources | undefined;
}

/**
 * One listener of a server. It takes connections while there is a free place, runs their handshake, and passes them to the
 * service. Between {@link open} and {@link begin} it passes none, since another listener may fail to open.
 */
export class Listener implements ListenerEvents {
  readonly handshakes = new Handshakes();
  readonly #server: ListenerOwner;
  #config: ListenerConfig;
  #run: ServiceRun;
  #session: Session | undefined;
  #socket: LinkListener | undefined;
  #transport: string | undefined;
  /** Connections accepted before {@link begin}, by a transport that cannot leave them in the backlog. */
  #early: Link[] | undefined = [];
  /** Callbacks of this listener's sockets that wait for a free place. */
  #waiting: { open: (() => void) | undefined }[] = [];
  #isAwaiting = false;
  #arriving = 0;
  #active = 0;

  constructor(server: ListenerOwner, settings: ListenerSettings, run: ServiceRun) {
    this.#server = server;
    this.#run = run;
    this.#config = this.configOf(settings);
  }

  async open(transport: Transport): Promise<void> {
    this.#transport = transport.name;
    this.#socket = await transport.listen(this.#config.settings.url, this, this.#config.settings);
  }

  /** The URL on which it listens, with the real port. */
  get url(): SocketUrl {
    return this.#socket?.url ?? this.#config.settings.url;
  }

  /** The URL from the settings: its port may be 0. */
  get requestedUrl(): SocketUrl {
    return this.#config.settings.url;
  }

  /** The name of the transport that opened the socket. */
  get transport(): string | undefined {
    return this.#transport;
  }

  get isLive(): boolean {
    return this.#socket?.isLive === true;
  }

  /** Passes connections to the service from now on. */
  begin(): void {
    const early = this.#early ?? [];
    this.#early = undefined;
    for (const link of early) this.#admit(link);
    this.#openIfCapacity();
  }

  /** Returns the configuration for {@link use}. Throws when the handshake of its scheme cannot be made. */
  configOf(settings: ListenerSettings): ListenerConfig {
    const { proxyFrom } = settings;
    const proxies = proxyFrom === undefined ? undefined : new ProxySources(proxyFrom);
    return { settings, policy: this.#policyOf(settings), handshake: handshakeOf(settings, this), proxies };
  }

  /** Uses another configuration from now on, and passes new connections to this run of a service; open connections do not change. */
  use(config: ListenerConfig, run: ServiceRun): void {
    this.#config = config;
    this.#run = run;
    this.#session = undefined;
    this.#socket?.configure?.(config.settings);
    this.#openIfCapacity();
  }

  /** Stops accepting. Open connections continue. */
  async close(): Promise<void> {
    for (const link of this.#early?.splice(0) ?? []) {
      this.#arriving--;
      this.#server.admission.removeArriving();
      link.abort();
    }
    await this.#socket?.close();
  }

  get capacity(): number {
    if (this.#early !== undefined) return 0;
    const { whenFull, maxConnections } = this.#config.settings;
    if (whenFull === "refuse") return Number.POSITIVE_INFINITY;
    return Math.min(this.#server.admission.capacity, maxConnections - this.#active - this.#arriving);
  }

  whenOpen(open: () => void): () => void {
    const waiting: { open: (() => void) | undefined } = { open };
    this.#waiting.push(waiting);
    this.#awaitPlace();
    return () => {
      waiting.open = undefined;
    };
  }

  countAccepted(): void {
    this.#arriving++;
    this.#server.admission.addArriving();
  }

  countShed(address: Address): void {
    this.#server.connections.reports.reportRefusal("out-of-descriptors", peerOf(address));
  }

  countAcceptError(error: unknown): void {
    this.#server.connections.reports.counters.countAcceptError(error);
  }

  onError(error: Error): void {
    this.#server.connections.reports.reportError(error, undefined);
  }

  onAccepted(link: Link): void {
    const early = this.#early;
    if (early === undefined) {
      this.#admit(link);
    } else if (early.length < MAX_EARLY_CONNECTIONS) {
      early.push(link);
    } else {
      this.#arriving--;
      this.#server.admission.removeArriving();
      this.#refuse(link, "max-connections");
    }
  }

  /** Counts a connection that has a place for its address, or returns why a limit per address refuses it. */
  admitAddress(peer: Peer): RefusalReason | undefined {
    return this.#server.admission.admitAddress(peer);
  }

  /** Frees the place of a connection. `peer` is given when it counted for its address. */
  releasePlace(peer: Peer | undefined): void {
    this.#active--;
    this.#server.admission.remove(peer);
  }

  #admit(link: Link): void {
    const { admission, connections } = this.#server;
    const { settings, handshake, proxies } = this.#config;
    this.#arriving--;
    const isFull = this.#active >= settings.maxConnections;
    // A stranger is refused before it takes the place of a handshake.
    const isStranger = proxies?.includes(link.peer) === false;
    if (isFull || isStranger) admission.removeArriving();
    // Before a handshake the peer may be a proxy: limits per address are for the client behind it.
    const refusal = isStranger
      ? "proxy-from"
      : isFull
        ? "max-connections"
        : admission.admit(handshake === undefined ? link.peer : undefined);
    if (refusal !== undefined) {
      this.#refuse(link, refusal);
      return;
    }
    this.#active++;
    const id = nextConnectionId();
    const { context } = this.#server;
    const session = this.#currentSession();
    if (context === undefined) {
      this.#start(link, id, session.forConnection({ id, peer: link.peer }));
      return;
    }
    const start = connections.spans.describe(id, link.peer, session.at);
    this.#startInContext(link, start, connections.spans.hasSubscribers ? session.withStart(start) : session, context);
  }

  #startInContext(link: Link, start: ConnectionStart, session: Session, context: ConnectionContext): void {
    const { reports } = this.#server.connections;
    let own: AsyncResource;
    try {
      own = contextOf(start, context, (error) => reports.reportHookError("context", error, link.peer));
    } catch (error) {
      link.abort();
      this.releasePlace(this.#config.handshake === undefined ? link.peer : undefined);
      reports.reportHookError("context", error, link.peer);
      return;
    }
    own.runInAsyncScope(() => this.#start(new ContextLink(link, own), start.id, session));
  }

  #start(link: Link, id: number, session: Session): void {
    const { policy, handshake, settings } = this.#config;
    const connection = new Connection(timedLinkOf(link, policy, policy.wheel, policy.onExpired), policy, id);
    if (handshake === undefined) this.#server.connections.begin(connection, session);
    else new HandshakeRun(connection, session).begin(handshake, settings);
  }

  #refuse(link: Link, reason: RefusalReason): void {
    link.abort();
    this.#server.connections.reports.reportRefusal(reason, link.peer);
  }

  /** Returns the session that all connections with this configuration share. */
  #currentSession(): Session {
    this.#session ??= new Session(this, this.#server.connections, this.#run);
    return this.#session;
  }

  #policyOf({ limits }: ListenerSettings): ConnectionPolicy {
    const { reports } = this.#server.connections;
    return {
      ...limits,
      isAccepted: true,
      wheel: deadlines,
      onWriteBufferFull: (peer) => reports.reportFullWriteBuffer(limits.whenWriteBufferFull, peer),
      onExpired: (reason, peer) => reports.reportExpiry(reason, peer),
    };
  }

  /** Checks for a free place again when a connection of the server has left. */
  #awaitPlace(): void {
    if (this.#isAwaiting) return;
    this.#isAwaiting = true;
    this.#server.admission.whenOpen(() => {
      this.#isAwaiting = false;
      this.#openIfCapacity();
    });
  }

  #openIfCapacity(): void {
    if (this.#waiting.length === 0) return;
    if (this.capacity <= 0) {
      this.#awaitPlace();
      return;
    }
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const { open } of waiting) open?.();
  }
}
