import { bytesOf, promiseOf } from "../socket/values.ts";
import type { DatagramLimit } from "./limits/datagram-limit.ts";
import type { ServiceRun } from "./service-run.ts";
import type { ServerReports } from "./telemetry/server-reports.ts";
import type { Peer } from "./transport/peer.ts";
import type { DatagramEvents, DatagramSocket, Transport } from "./transport/transport.ts";
import type { SocketUrl } from "./url/socket-url.ts";

/** Datagrams that are kept while their socket is still being opened; further ones are dropped. */
export const MAX_EARLY_DATAGRAMS = 64;

/** Gives the datagrams of one socket to the service, as many as the limits let through, and sends the replies. */
export class DatagramServer {
  readonly requestedUrl: SocketUrl;
  readonly #reports: ServerReports;
  #run: ServiceRun;
  readonly #limit: DatagramLimit;
  #socket: DatagramSocket | undefined;
  #transport: string | undefined;
  #pending = 0;
  #state: "open" | "closing" | "closed" | "lost" = "open";
  /** Those that have come before {@link begin}. */
  #early: Parameters<DatagramEvents["received"]>[] | undefined = [];
  /** Set while a close waits for what is pending. */
  #allAnswered: (() => void) | undefined;

  constructor(url: SocketUrl, run: ServiceRun, limit: DatagramLimit, reports: ServerReports) {
    this.requestedUrl = url;
    this.#run = run;
    this.#limit = limit;
    this.#reports = reports;
  }

  /** Binds the socket that the datagrams come from, and the replies go to. What comes is kept until {@link begin}. */
  async open(transport: Pick<Transport, "name" | "bind">): Promise<void> {
    this.#transport = transport.name;
    this.#socket = await transport.bind(this.requestedUrl, {
      received: (data, peer, sockaddr) => this.#received(data, peer, sockaddr),
      failed: (error, peer) => this.#reports.failed(error, peer),
      settled: (sent, lost) => {
        this.#reports.counters.repliesSent += sent;
        this.#reports.counters.repliesDropped += lost;
      },
      lost: (error) => {
        this.#lost();
        this.#reports.failed(error, undefined);
      },
    });
  }

  /** Gives datagrams to the service from now on. */
  begin(): void {
    const early = this.#early ?? [];
    this.#early = undefined;
    for (const datagram of early) this.#received(...datagram);
  }

  /** New datagrams are given to that service. */
  use(run: ServiceRun): void {
    this.#run = run;
  }

  /** Which transport its socket is of. */
  get transport(): string | undefined {
    return this.#transport;
  }

  get url(): SocketUrl {
    return this.#socket?.url ?? this.requestedUrl;
  }

  /** Whether it still receives. */
  get isLive(): boolean {
    return this.#state === "open" || this.#state === "closing";
  }

  /** Datagrams that the service has not answered yet. */
  get pending(): number {
    return this.#pending;
  }

  /** Takes no more, and closes the socket once all that was taken is answered, or {@link giveUp} is called. */
  async close(): Promise<void> {
    if (this.#state === "lost") return;
    this.#state = "closing";
    if (this.#pending > 0) {
      await new Promise<void>((resolve) => {
        this.#allAnswered = resolve;
      });
    }
    this.#state = "closed";
    this.#early = undefined;
    await this.#socket?.close();
  }

  /** A close waits no longer: answers that come later are dropped. */
  giveUp(): void {
    this.#allAnswered?.();
  }

  /** Nothing comes from the socket any more: who sends to it is told so by the kernel. */
  #lost(): void {
    this.#state = "lost";
    this.#socket?.close().catch((error: unknown) => this.#reports.failed(error, undefined));
  }

  #received(data: Buffer, peer: Peer, sockaddr?: Uint8Array): void {
    if (this.#early !== undefined && this.#early.length < MAX_EARLY_DATAGRAMS) {
      this.#early.push([data, peer, sockaddr]);
      return;
    }
    this.#reports.counters.datagramsReceived++;
    if (this.#early !== undefined) {
      // None of those before it is answered yet.
      this.#reports.dropped("max-pending-replies", peer);
      return;
    }
    const reason = this.#state === "open" ? this.#limit.refusal(peer) : "closing";
    if (reason === undefined) {
      this.#answer(data, peer, sockaddr);
      return;
    }
    this.#reports.dropped(reason, peer);
  }

  /**
   * What is answered at once costs no promise, and no limit counts it. A close that the service's function itself asks for,
   * before it replies, waits for it all the same: it is pending from before the call.
   */
  #answer(data: Buffer, peer: Peer, sockaddr: Uint8Array | undefined): void {
    this.#pending++;
    const run = this.#run;
    run.began();
    const answering = this.#call(run, data, peer, sockaddr);
    if (answering === undefined) {
      this.#settled(run);
      return;
    }
    this.#limit.began(peer);
    answering.then(
      () => this.#answered(run, peer),
      (error: unknown) => {
        this.#answered(run, peer);
        this.#reports.failed(error, peer);
      },
    );
  }

  /** Undefined when the answer was given at once. */
  #call(
    { service }: ServiceRun,
    data: Buffer,
    peer: Peer,
    sockaddr: Uint8Array | undefined,
  ): Promise<unknown> | undefined {
    try {
      const reply = (answer: Uint8Array | string): boolean => this.#reply(answer, peer, sockaddr);
      const given: unknown = service.datagram?.({ data, peer, reply });
      // TypeScript lets a function give anything where nothing is wanted: what `reply` gives, mostly.
      if (typeof given !== "object" || given === null) return undefined;
      return promiseOf(given);
    } catch (error) {
      this.#reports.failed(error, peer);
      return undefined;
    }
  }

  #answered(run: ServiceRun, peer: Peer): void {
    this.#limit.ended(peer);
    this.#settled(run);
  }

  #settled(run: ServiceRun): void {
    run.ended();
    if (--this.#pending === 0) this.#allAnswered?.();
  }

  /** Throws for an argument of the program's alone: a service that answers from a timer has nobody who would catch it. */
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
