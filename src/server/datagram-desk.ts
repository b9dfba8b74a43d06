import type { DatagramLimit, DropReason } from "./limits/datagram-limit.ts";
import type { Service } from "./service.ts";
import type { ServerCounters } from "./telemetry/server-counters.ts";
import type { DatagramSocket, Peer } from "./transport/transport.ts";
import type { SocketUrl } from "./url/socket-url.ts";

/** What a desk tells its server. */
export interface DatagramReports {
  failed(error: unknown, peer: Peer): void;
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
    bind: (received: (data: Buffer, peer: Peer) => void) => Promise<DatagramSocket>,
    ...[service, limit, counters, reports]: [Service, DatagramLimit, ServerCounters, DatagramReports]
  ): Promise<DatagramDesk> {
    // Some may come before the socket is told to be there.
    const early: [Buffer, Peer][] = [];
    let receive = (data: Buffer, peer: Peer): void => void early.push([data, peer]);
    const socket = await bind((data, peer) => receive(data, peer));
    const desk = new DatagramDesk(socket, service, limit, counters, reports);
    receive = (data, peer) => desk.#received(data, peer);
    for (const [data, peer] of early) desk.#received(data, peer);
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

  #received(data: Buffer, peer: Peer): void {
    this.#counters.datagramsReceived++;
    const reason = this.#state === "open" ? this.#limit.refusal(peer) : "closing";
    if (reason === undefined) {
      this.#answer(data, peer);
      return;
    }
    this.#counters.dropped(reason);
    this.#reports.dropped(reason, peer);
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

  #reply(answer: Uint8Array | string, peer: Peer): boolean {
    const bytes = typeof answer === "string" ? Buffer.from(answer) : answer;
    const isSent = this.#state !== "closed" && this.#socket.send(bytes, peer);
    if (isSent) this.#counters.repliesSent++;
    else this.#counters.repliesDropped++;
    return isSent;
  }
}
