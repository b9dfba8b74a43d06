import { bytesOf, promiseOf } from "../socket/values.ts";
import type { DatagramLimit } from "./limits/datagram-limit.ts";
import type { ServiceRun } from "./service-run.ts";
import type { ServerReports } from "./telemetry/server-reports.ts";
import type { Peer } from "./transport/peer.ts";
import type { DatagramEvents, DatagramSocket, Transport } from "./transport/transport.ts";
import type { SocketUrl } from "./url/socket-url.ts";

/** Datagrams to keep until all listeners of the server are open; the server drops further ones. */
export const MAX_EARLY_DATAGRAMS = 64;

/** Passes the datagrams of one socket to the service, as far as the limits allow, and sends the replies. */
export class DatagramServer {
  readonly requestedUrl: SocketUrl;
  readonly #reports: ServerReports;
  #run: ServiceRun;
  readonly #limit: DatagramLimit;
  #socket: DatagramSocket | undefined;
  #transport: string | undefined;
  #pending = 0;
  #state: "open" | "closing" | "closed" | "lost" = "open";
  /** Datagrams received before {@link begin}. */
  #early: Parameters<DatagramEvents["onReceived"]>[] | undefined = [];
  /** Set while a close waits for pending answers. */
  #onAnswered: (() => void) | undefined;

  constructor(url: SocketUrl, run: ServiceRun, limit: DatagramLimit, reports: ServerReports) {
    this.requestedUrl = url;
    this.#run = run;
    this.#limit = limit;
    this.#reports = reports;
  }

  /** Binds the socket. It keeps the datagrams that come until {@link begin}. */
  async open(transport: Pick<Transport, "name" | "bind">): Promise<void> {
    this.#transport = transport.name;
    this.#socket = await transport.bind(this.requestedUrl, {
      onReceived: (data, peer, sockaddr) => this.#receive(data, peer, sockaddr),
      onError: (error, peer) => this.#reports.reportError(error, peer),
      onSettled: (sent, lost) => {
        this.#reports.counters.repliesSent += sent;
        this.#reports.counters.repliesDropped += lost;
      },
      onLost: (error) => {
        this.#closeLost();
        this.#reports.reportError(error, undefined);
      },
    });
  }

  /** Passes datagrams to the service from now on. */
  begin(): void {
    const early = this.#early ?? [];
    this.#early = undefined;
    for (const datagram of early) this.#receive(...datagram);
  }

  /** Passes new datagrams to this run of a service. */
  use(run: ServiceRun): void {
    this.#run = run;
  }

  /** The name of the transport that opened the socket. */
  get transport(): string | undefined {
    return this.#transport;
  }

  get url(): SocketUrl {
    return this.#socket?.url ?? this.requestedUrl;
  }

  /** Whether the socket is open. */
  get isLive(): boolean {
    return this.#state === "open" || this.#state === "closing";
  }

  /** Datagrams that the service has not answered yet. */
  get pending(): number {
    return this.#pending;
  }

  /** Stops taking datagrams, and closes the socket when all taken ones are answered, or {@link giveUp} is called. */
  async close(): Promise<void> {
    if (this.#state === "lost") return;
    this.#state = "closing";
    if (this.#pending > 0) {
      await new Promise<void>((resolve) => {
        this.#onAnswered = resolve;
      });
    }
    this.#state = "closed";
    this.#early = undefined;
    await this.#socket?.close();
  }

  /** Ends the wait of a close: later answers are dropped. */
  giveUp(): void {
    this.#onAnswered?.();
  }

  /** Closes a socket that can receive no more, so that the kernel reports it to senders. */
  #closeLost(): void {
    this.#state = "lost";
    this.#socket?.close().catch((error: unknown) => this.#reports.reportError(error, undefined));
  }

  #receive(data: Buffer, peer: Peer, sockaddr?: Uint8Array): void {
    if (this.#early !== undefined && this.#early.length < MAX_EARLY_DATAGRAMS) {
      this.#early.push([data, peer, sockaddr]);
      return;
    }
    this.#reports.counters.datagramsReceived++;
    if (this.#early !== undefined) {
      // None of the datagrams before it is answered yet.
      this.#reports.reportDrop("max-pending-replies", peer);
      return;
    }
    const reason = this.#state === "open" ? this.#limit.check(peer) : "closing";
    if (reason === undefined) {
      this.#answer(data, peer, sockaddr);
      return;
    }
    this.#reports.reportDrop(reason, peer);
  }

  /**
   * Calls the service for a datagram. An answer within the call costs no promise, and no limit counts it. The datagram is
   * pending before the call, so that a close from within the service's function waits for it.
   */
  #answer(data: Buffer, peer: Peer, sockaddr: Uint8Array | undefined): void {
    this.#pending++;
    const run = this.#run;
    run.beginCall();
    const answering = this.#call(run, data, peer, sockaddr);
    if (answering === undefined) {
      this.#settle(run);
      return;
    }
    this.#limit.add(peer);
    answering.then(
      () => this.#finish(run, peer),
      (error: unknown) => {
        this.#finish(run, peer);
        this.#reports.reportError(error, peer);
      },
    );
  }

  /** Calls the service's function. Returns its promise, or undefined when it has finished. */
  #call(
    { service }: ServiceRun,
    data: Buffer,
    peer: Peer,
    sockaddr: Uint8Array | undefined,
  ): Promise<unknown> | undefined {
    try {
      const reply = (answer: Uint8Array | string): boolean => this.#reply(answer, peer, sockaddr);
      const given: unknown = service.datagram?.({ data, peer, reply });
      // TypeScript accepts any return value for `void`: mostly the boolean of `reply`.
      if (typeof given !== "object" || given === null) return undefined;
      return promiseOf(given);
    } catch (error) {
      this.#reports.reportError(error, peer);
      return undefined;
    }
  }

  #finish(run: ServiceRun, peer: Peer): void {
    this.#limit.remove(peer);
    this.#settle(run);
  }

  #settle(run: ServiceRun): void {
    run.endCall();
    if (--this.#pending === 0) this.#onAnswered?.();
  }

  /** Throws only for an invalid argument: a service that answers from a timer could not catch a network error. */
  #reply(answer: Uint8Array | string, peer: Peer, sockaddr: Uint8Array | undefined): boolean {
    const bytes = bytesOf("data", answer);
    const sent = this.isLive && this.#socket?.send(bytes, peer, sockaddr);
    if (sent === "later") return true;
    const isTaken = sent === true;
    if (isTaken) this.#reports.counters.repliesSent++;
    else this.#reports.counters.repliesDropped++;
    return isTaken;
  }
}
