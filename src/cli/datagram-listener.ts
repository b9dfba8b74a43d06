import type { Address } from "../socket/address.ts";
import { AF_UNIX } from "../socket/constants.ts";
import type { Socket } from "../socket/socket.ts";
import type { Channel } from "./channel.ts";
import { CommandError, codeOf, exitCodes } from "./command-error.ts";
import { RecordReader, records } from "./record-channel.ts";

/** unix(7): a socket that was never bound has no name, and recvmsg(2) then gives none. */
const UNNAMED = { family: AF_UNIX, path: "" } as const;

/** How a listener for datagrams treats those who send. */
export interface DatagramListenerOptions {
  /** Hear everybody, and answer whoever sent last; else the first sender is the only peer. */
  readonly keepOpen: boolean;
  onPeer(peer: Address): void;
}

/** A bound datagram socket, as one end of a conversation. */
export class DatagramListener implements Channel {
  readonly hasEnd = false;
  readonly #socket: Socket<unknown>;
  readonly #reader: RecordReader;
  readonly #options: DatagramListenerOptions;
  #peer: Address | undefined;
  #heard: () => void = () => undefined;
  readonly #isHeard = new Promise<void>((resolve) => {
    this.#heard = resolve;
  });

  constructor(socket: Socket<unknown>, options: DatagramListenerOptions) {
    this.#socket = socket;
    this.#reader = new RecordReader(socket);
    this.#options = options;
  }

  async receive(): Promise<Uint8Array | undefined> {
    for (;;) {
      const record = await this.#reader.next();
      if (record === undefined) return undefined;
      if (await this.#accepts(record.from ?? UNNAMED)) return record.bytes;
    }
  }

  async send(bytes: Uint8Array): Promise<void> {
    await this.#isHeard;
    for (const record of records(bytes)) await this.#answer(record);
  }

  end(): void {
    // Datagrams have no end.
  }

  close(): void {
    this.#socket.close();
    this.#heard();
  }

  async #accepts(from: Address): Promise<boolean> {
    const isNew = this.#peer === undefined || nameOf(this.#peer) !== nameOf(from);
    // What other senders had sent before the socket was connected is still in its queue.
    if (isNew && this.#peer !== undefined && !this.#options.keepOpen) return false;
    if (isNew) {
      if (!this.#options.keepOpen && isNamed(from)) await this.#socket.connect(from);
      this.#peer = from;
      this.#options.onPeer(from);
      this.#heard();
    }
    return true;
  }

  async #answer(record: Uint8Array): Promise<void> {
    const peer = this.#peer;
    if (peer !== undefined && !isNamed(peer)) {
      throw new CommandError("the sender's socket has no name, so it cannot be answered", exitCodes.network);
    }
    if (peer === undefined || !this.#options.keepOpen) return this.#socket.sendall(record);
    try {
      await this.#socket.sendto(record, peer);
    } catch (error) {
      // Who has gone is no failure of a listener that stays open for others.
      if (codeOf(error) !== "ECONNREFUSED" && codeOf(error) !== "ENOENT") throw error;
    }
  }
}

function isNamed(address: Address): boolean {
  return address.path === undefined || address.path.length > 0;
}

function nameOf({ host, port, path, abstract }: Address): string {
  return host === undefined ? `${String(path)} ${String(abstract)}` : `${host} ${port}`;
}
