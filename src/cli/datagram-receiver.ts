import type { Socket } from "../socket/internal.ts";
import type { Address } from "../socket/values.ts";
import { RecordReader } from "./record-connection.ts";

/** A datagram, valid until the next one is requested, and the socket that received it. */
export interface ReceivedDatagram {
  readonly bytes: Uint8Array;
  readonly from: Address | undefined;
  /** The datagram was longer than the read buffer and was cut. */
  readonly isCut: boolean;
  readonly socket: Socket<unknown>;
}

interface Offer {
  readonly datagram: Promise<ReceivedDatagram>;
  readonly taken: () => void;
}

/** Receives datagrams from several sockets. Each socket holds one datagram and reads the next when that one is processed. */
export class DatagramReceiver {
  readonly #sockets: readonly Socket<unknown>[];
  readonly #offers: Offer[] = [];
  #only: Socket<unknown> | undefined;
  #isReading = false;
  #offered: () => void = () => undefined;
  #release: () => void = () => undefined;

  constructor(sockets: readonly Socket<unknown>[]) {
    this.#sockets = sockets;
  }

  /** Returns the next datagram.
   *
   * @throws the error of a socket's recvmsg(2).
   */
  async next(): Promise<ReceivedDatagram> {
    if (!this.#isReading) for (const socket of this.#sockets) void this.#read(socket);
    this.#isReading = true;
    this.#release();
    while (this.#offers.length === 0) {
      await new Promise<void>((resolve) => {
        this.#offered = resolve;
      });
    }
    const [offer] = this.#offers.splice(0, 1);
    if (offer === undefined) return this.next();
    this.#release = offer.taken;
    return offer.datagram;
  }

  /** Closes the other sockets; their closing is not reported as an error. */
  only(socket: Socket<unknown>): void {
    this.#only = socket;
    for (const other of this.#sockets) if (other !== socket) other.close();
  }

  async #read(socket: Socket<unknown>): Promise<void> {
    try {
      const reader = new RecordReader(socket);
      for (let record = await reader.next(); record !== undefined; record = await reader.next()) {
        await this.#offer(Promise.resolve({ ...record, socket }));
      }
    } catch (error) {
      if (this.#only !== undefined && this.#only !== socket) return;
      await this.#offer(Promise.reject(error));
    }
  }

  #offer(datagram: Promise<ReceivedDatagram>): Promise<void> {
    // The caller of next() receives a failure; until then it must not count as unhandled.
    datagram.catch(() => undefined);
    return new Promise((taken) => {
      this.#offers.push({ datagram, taken });
      this.#offered();
    });
  }
}
