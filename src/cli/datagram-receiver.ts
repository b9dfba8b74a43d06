import type { Socket } from "../socket/internal.ts";
import type { Address } from "../socket/values.ts";
import { RecordReader } from "./record-connection.ts";

/** A datagram, lent until the next one is asked for, and the socket to which it came. */
export interface ReceivedDatagram {
  readonly bytes: Uint8Array;
  readonly from: Address | undefined;
  /** It was longer than what is received of a record. */
  readonly isCut: boolean;
  readonly socket: Socket<unknown>;
}

interface Offer {
  readonly datagram: Promise<ReceivedDatagram>;
  readonly taken: () => void;
}

/** What comes to any of several sockets. Each of them holds one datagram, and reads the next when that is through. */
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

  /** @throws what a socket's recvmsg(2) says. */
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

  /** From now on nothing comes from the others: they are closed, which is no failure. */
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
    // Whoever takes it hears of a failure; until then nobody does.
    datagram.catch(() => undefined);
    return new Promise((taken) => {
      this.#offers.push({ datagram, taken });
      this.#offered();
    });
  }
}
