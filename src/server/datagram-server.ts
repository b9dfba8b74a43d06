import { type Address, bytesOf, promiseOf } from "../socket/values.ts";
import type { DatagramLimit } from "./limits/datagram-limit.ts";
import type { Service } from "./service.ts";
import type { ServerReports } from "./telemetry/server-reports.ts";
import type { Peer } from "./transport/peer.ts";
import type { DatagramEvents, DatagramSocket } from "./transport/transport.ts";
import type { SocketUrl } from "./url/socket-url.ts";

/** Datagrams that are kept while their socket is still being opened; further ones are dropped. */
export const MAX_EARLY_DATAGRAMS = 64;

/** Gives the datagrams of one socket to the service, as many as the limits let through, and sends the replies. */
export class DatagramServer {
  readonly #socket: DatagramSocket;
  readonly #service: Service;
  readonly #limit: DatagramLimit;
  readonly #reports: ServerReports;
  #pending = 0;
  #state: "open" | "closing" | "closed" | "lost" = "open";
  /** Set while a close waits for what is pending. */
  #allAnswered: (() => void) | undefined;

  private constructor(socket: DatagramSocket, service: Service, limit: DatagramLimit, reports: ServerReports) {
    this.#socket = socket;
    this.#service = service;
    this.#limit = limit;
    this.#reports = reports;
  }

  /** Binds the socket that the datagrams come from, and the replies go to. */
  static async open(
    bind: (events: DatagramEvents) => Promise<DatagramSocket>,
    ...[service, limit, reports]: [Service, DatagramLimit, ServerReports]
  ): Promise<DatagramServer> {
    // Some may come before the socket is told to be there.
    const early: Parameters<DatagramEvents["received"]>[] = [];
    let receive: DatagramEvents["received"] = (...datagram) => {
      if (early.length < MAX_EARLY_DATAGRAMS) {
        early.push(datagram);
        return;
      }
      reports.counters.datagramsReceived++;
      // None of those before it is answered yet.
      reports.dropped("max-pending-replies", datagram[1]);
    };
    let server: DatagramServer | undefined;
    const socket = await bind({
      received: (data, peer, address) => receive(data, peer, address),
      failed: (error, peer) => reports.failed(error, peer),
      lost: (error) => {
        if (server !== undefined) server.#lost();
        reports.failed(error, undefined);
      },
    });
    const opened = new DatagramServer(socket, service, limit, reports);
    server = opened;
    receive = (data, peer, address) => opened.#received(data, peer, address);
    for (const datagram of early) opened.#received(...datagram);
    return opened;
  }

  get url(): SocketUrl {
    return this.#socket.url;
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
    await this.#socket.close();
  }

  /** A close waits no longer: answers that come later are dropped. */
  giveUp(): void {
    this.#allAnswered?.();
  }

  /** Nothing comes from the socket any more: who sends to it is told so by the kernel. */
  #lost(): void {
    this.#state = "lost";
    this.#socket.close().catch((error: unknown) => this.#reports.failed(error, undefined));
  }

  #received(data: Buffer, peer: Peer, address?: Address): void {
    this.#reports.counters.datagramsReceived++;
    const reason = this.#state === "open" ? this.#limit.refusal(peer) : "closing";
    if (reason === undefined) {
      this.#answer(data, peer, address);
      return;
    }
    this.#reports.dropped(reason, peer);
  }

  /**
   * What is answered at once costs no promise, and no limit counts it. A close that the service's function itself asks for,
   * before it replies, waits for it all the same: it is pending from before the call.
   */
  #answer(data: Buffer, peer: Peer, address: Address | undefined): void {
    this.#pending++;
    const answering = this.#call(data, peer, address);
    if (answering === undefined) {
      this.#settled();
      return;
    }
    this.#limit.began(peer);
    answering.then(
      () => this.#answered(peer),
      (error: unknown) => {
        this.#answered(peer);
        this.#reports.failed(error, peer);
      },
    );
  }

  /** Undefined when the answer was given at once. */
  #call(data: Buffer, peer: Peer, address: Address | undefined): Promise<unknown> | undefined {
    try {
      const reply = (answer: Uint8Array | string): boolean => this.#reply(answer, peer, address);
      const given: unknown = this.#service.datagram?.({ data, peer, reply });
      // TypeScript lets a function give anything where nothing is wanted: what `reply` gives, mostly.
      if (typeof given !== "object" || given === null) return undefined;
      return promiseOf(given);
    } catch (error) {
      this.#reports.failed(error, peer);
      return undefined;
    }
  }

  #answered(peer: Peer): void {
    this.#limit.ended(peer);
    this.#settled();
  }

  #settled(): void {
    if (--this.#pending === 0) this.#allAnswered?.();
  }

  /** Throws for an argument of the program's alone: a service that answers from a timer has nobody who would catch it. */
  #reply(answer: Uint8Array | string, peer: Peer, address: Address | undefined): boolean {
    const bytes = bytesOf("data", answer);
    const isTaken = this.isLive && this.#socket.send(bytes, peer, address);
    if (isTaken) this.#reports.counters.repliesSent++;
    else this.#reports.counters.repliesDropped++;
    return isTaken;
  }
}
