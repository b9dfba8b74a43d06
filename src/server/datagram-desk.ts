import type { DatagramLimit, DropReason } from "./datagram-limit.ts";
import type { ServerCounters } from "./server-counters.ts";
import type { Service } from "./service.ts";
import type { DatagramSocket, Peer } from "./transport.ts";

/** What a desk tells its server. */
export interface DatagramReports {
  failed(error: unknown, peer: Peer): void;
  dropped(reason: DropReason, peer: Peer): void;
}

/** Gives the datagrams of one socket to the service, as many as the limits let through, and sends the replies. */
export class DatagramDesk {
  readonly #service: Service;
  readonly #limit: DatagramLimit;
  readonly #counters: ServerCounters;
  readonly #reports: DatagramReports;
  #socket: DatagramSocket | undefined;
  /** What came before the socket was told to be there. */
  readonly #early: (() => void)[] = [];

  constructor(service: Service, limit: DatagramLimit, counters: ServerCounters, reports: DatagramReports) {
    this.#service = service;
    this.#limit = limit;
    this.#counters = counters;
    this.#reports = reports;
  }

  /** The socket that the datagrams come from, and the replies go to. */
  open(socket: DatagramSocket): void {
    this.#socket = socket;
    for (const take of this.#early.splice(0)) take();
  }

  received(data: Buffer, peer: Peer): void {
    this.#counters.datagramsReceived++;
    const reason = this.#limit.refusal(peer);
    if (reason !== undefined) {
      this.#counters.dropped(reason);
      this.#reports.dropped(reason, peer);
    } else if (this.#socket === undefined) {
      this.#early.push(() => this.#answer(data, peer));
    } else {
      this.#answer(data, peer);
    }
  }

  /** What is answered at once costs no promise, and is never pending. */
  #answer(data: Buffer, peer: Peer): void {
    let answering: unknown;
    try {
      answering = this.#service.datagram?.({ data, peer, reply: (answer) => this.#reply(answer, peer) });
    } catch (error) {
      this.#reports.failed(error, peer);
      return;
    }
    // TypeScript lets a function give anything where nothing is wanted: what `reply` gives, mostly.
    if (typeof answering !== "object" || answering === null) return;
    this.#limit.began(peer);
    Promise.resolve(answering).then(
      () => this.#limit.ended(peer),
      (error: unknown) => {
        this.#limit.ended(peer);
        this.#reports.failed(error, peer);
      },
    );
  }

  #reply(answer: Uint8Array | string, peer: Peer): boolean {
    const bytes = typeof answer === "string" ? Buffer.from(answer) : answer;
    const isSent = this.#socket?.send(bytes, peer) ?? false;
    if (isSent) this.#counters.repliesSent++;
    else this.#counters.repliesDropped++;
    return isSent;
  }
}
