import type { Address } from "../socket/address.ts";
import { bytesOf } from "../socket/argument.ts";
import type { DatagramLimit, DropReason } from "./limits/datagram-limit.ts";
import type { Service } from "./service.ts";
import type { ServerCounters } from "./telemetry/server-counters.ts";
import type { DatagramEvents, DatagramSocket, Peer } from "./transport/transport.ts";
import type { SocketUrl } from "./url/socket-url.ts";

/** Datagrams that are kept while their socket is still being opened; further ones are dropped. */
export const MAX_EARLY_DATAGRAMS = 64;

/** What a desk tells its server. */
export interface DatagramReports {
  failed(error: unknown, peer: Peer | undefined): void;
  /** The socket receives nothing more. */
  lost(error: unknown): void;
  dropped(reason: DropReason, peer: Peer): void;
}

/** Gives the datagrams of one socket to the service, as many as the limits let through, and sends the replies. */
export class DatagramDesk {
  readonly #socket: DatagramSocket;
  readonly #service: Service;
  readonly #limit: DatagramLimit;
  readonly #counters: ServerCounters;
  readonly #reports: DatagramReports;
  #pending = 0;
  #state: "open" | "closing" | "closed" = "open";
  /** Set while a close waits for what is pending. */
  #allAnswered: (() => void) | undefined;

  private constructor(
    socket: DatagramSocket,
    service: Service,
    limit: DatagramLimit,
    counters: ServerCounters,
    reports: DatagramReports,
  ) {
    this.#socket = socket;
    this.#service = service;
    this.#limit = limit;
    this.#counters = counters;
    this.#reports = reports;
  }

  /** Binds the socket that the datagrams come from, and the replies go to. */
  static async open(
    bind: (events: DatagramEvents) => Promise<DatagramSocket>,
    ...[service, limit, counters, reports]: [Service, DatagramLimit, ServerCounters, DatagramReports]
  ): Promise<DatagramDesk> {
    // Some may come before the socket is told to be there.
    const early: Parameters<DatagramEvents["received"]>[] = [];
    let receive: DatagramEvents["received"] = (...datagram) => {
      if (early.length < MAX_EARLY_DATAGRAMS) {
        early.push(datagram);
        return;
      }
      counters.datagramsReceived++;
      // None of those before it is answered yet.
      counters.dropped("max-pending-replies");
      reports.dropped("max-pending-replies", datagram[1]);
    };
    const socket = await bind({
      received: (data, peer, address) => receive(data, peer, address),
      failed: (error, peer) => reports.failed(error, peer),
      lost: (error) => reports.lost(error),
    });
    const desk = new DatagramDesk(socket, service, limit, counters, reports);
    receive = (data, peer, address) => desk.#received(data, peer, address);
    for (const datagram of early) desk.#received(...datagram);
    return desk;
  }

  get url(): SocketUrl {
    return this.#socket.url;
  }

  /** Takes no more, and closes the socket once all that was taken is answered, or {@link giveUp} is called. */
  async close(): Promise<void> {
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

  #received(data: Buffer, peer: Peer, address?: Address): void {
    this.#counters.datagramsReceived++;
    const reason = this.#state === "open" ? this.#limit.refusal(peer) : "closing";
    if (reason === undefined) {
      this.#answer(data, peer, address);
      return;
    }
    this.#counters.dropped(reason);
    this.#reports.dropped(reason, peer);
  }

  /** What is answered at once costs no promise, and is never pending. */
  #answer(data: Buffer, peer: Peer, address: Address | undefined): void {
    let answering: unknown;
    try {
      answering = this.#service.datagram?.({ data, peer, reply: (answer) => this.#reply(answer, peer, address) });
    } catch (error) {
      this.#reports.failed(error, peer);
      return;
    }
    // TypeScript lets a function give anything where nothing is wanted: what `reply` gives, mostly.
    if (typeof answering !== "object" || answering === null) return;
    this.#limit.began(peer);
    this.#pending++;
    Promise.resolve(answering).then(
      () => this.#answered(peer),
      (error: unknown) => {
        this.#answered(peer);
        this.#reports.failed(error, peer);
      },
    );
  }

  #answered(peer: Peer): void {
    this.#limit.ended(peer);
    if (--this.#pending === 0) this.#allAnswered?.();
  }

  /** Throws for an argument of the program's alone: a service that answers from a timer has nobody who would catch it. */
  #reply(answer: Uint8Array | string, peer: Peer, address: Address | undefined): boolean {
    const bytes = bytesOf("data", answer);
    const isTaken = this.#state !== "closed" && this.#socket.send(bytes, peer, address);
    if (isTaken) this.#counters.repliesSent++;
    else this.#counters.repliesDropped++;
    return isTaken;
  }
}
