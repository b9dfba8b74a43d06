import type { Socket } from "../socket/internal.ts";
import { type Address, AF_UNIX, codeOf } from "../socket/values.ts";
import { CommandError, exitCodes } from "./command-error.ts";
import { DatagramReceiver, type ReceivedDatagram } from "./datagram-receiver.ts";
import { records, recordWasCut } from "./record-connection.ts";
import type { SocketConnection } from "./socket-connection.ts";

/** A receiver that has no room for a datagram gets so much time; with `keepOpen` it then loses it. */
export const ANSWER_MS = 1_000;

/** unix(7): a socket that was never bound has no name, and recvmsg(2) then gives none. */
const UNNAMED = { family: AF_UNIX, path: "" } as const;

/** How a listener for datagrams treats those who send. */
export interface DatagramListenerOptions {
  /** Hear everybody, and answer whoever sent last; else the first sender is the only peer. */
  readonly keepOpen: boolean;
  onPeer(peer: Address, socket: Socket<unknown>): void;
  /** With `keepOpen`, what one sender could not be answered, or sent in vain; once for each turn of a sender. */
  onLoss(error: unknown): void;
}

interface Peer {
  readonly address: Address;
  readonly socket: Socket<unknown>;
  /** Why it cannot be answered. */
  readonly obstacle: unknown;
}

/** Bound datagram sockets, as one end of a conversation. */
export class DatagramListener implements SocketConnection {
  readonly hasEnd = false;
  readonly #sockets: readonly Socket<unknown>[];
  readonly #receiver: DatagramReceiver;
  readonly #options: DatagramListenerOptions;
  #peer: Peer | undefined;
  #hasTold = false;
  #heard: () => void = () => undefined;
  readonly #isHeard = new Promise<void>((resolve) => {
    this.#heard = resolve;
  });

  constructor(sockets: readonly Socket<unknown>[], options: DatagramListenerOptions) {
    this.#sockets = sockets;
    this.#receiver = new DatagramReceiver(sockets);
    this.#options = options;
  }

  async receive(): Promise<Uint8Array | undefined> {
    for (;;) {
      const datagram = await this.#receiver.next();
      if (await this.#accepts(datagram)) {
        if (!datagram.isCut) return datagram.bytes;
        if (!this.#options.keepOpen) throw recordWasCut();
        this.#lose(recordWasCut());
      }
    }
  }

  async send(bytes: Uint8Array): Promise<number> {
    await this.#isHeard;
    let sent = 0;
    for (const record of records(bytes)) if (await this.#answer(record)) sent += record.length;
    return sent;
  }

  end(): void {
    // Datagrams have no end.
  }

  close(): void {
    for (const socket of this.#sockets) socket.close();
    this.#heard();
  }

  async #accepts({ from = UNNAMED, socket }: ReceivedDatagram): Promise<boolean> {
    const isNew = this.#peer === undefined || nameOf(this.#peer.address) !== nameOf(from);
    // What other senders had sent before the socket was connected is still in its queue.
    if (isNew && this.#peer !== undefined && !this.#options.keepOpen) return false;
    if (!isNew) return true;
    let obstacle: unknown = obstacleOf(from);
    if (!this.#options.keepOpen && obstacle === undefined) obstacle = await this.#connect(socket, from);
    this.#peer = { address: from, socket, obstacle };
    this.#hasTold = false;
    this.#options.onPeer(from, socket);
    this.#heard();
    return true;
  }

  /** From now on nobody else is heard. Gives what went wrong: that a sender has gone takes nothing from what it sent. */
  async #connect(socket: Socket<unknown>, from: Address): Promise<unknown> {
    this.#receiver.only(socket);
    try {
      await socket.connect(from);
      return undefined;
    } catch (error) {
      if (codeOf(error) === "ERR_SOCKWRIGHT_CLOSED") throw error;
      return error;
    }
  }

  /** Whether it was sent. */
  async #answer(record: Uint8Array): Promise<boolean> {
    const peer = this.#peer;
    // Closed before anybody was heard.
    if (peer === undefined) return false;
    if (!this.#options.keepOpen) {
      if (peer.obstacle !== undefined) throw peer.obstacle;
      await peer.socket.sendall(record);
      return true;
    }
    try {
      if (peer.obstacle !== undefined) throw peer.obstacle;
      await peer.socket.sendto(record, peer.address, { signal: AbortSignal.timeout(ANSWER_MS) });
      return true;
    } catch (error) {
      // Whatever one sender does: a listener that stays open for others goes on.
      if (codeOf(error) === "ERR_SOCKWRIGHT_CLOSED") throw error;
      const isLate = error instanceof Error && error.name === "AbortError";
      this.#lose(isLate ? new CommandError(`the sender took no answer for ${ANSWER_MS} ms`, exitCodes.network) : error);
      return false;
    }
  }

  #lose(error: unknown): void {
    if (this.#hasTold) return;
    this.#hasTold = true;
    this.#options.onLoss(error);
  }
}

/** unix(7), udp(7): there are senders that no answer can reach. */
function obstacleOf({ path, port }: Address): CommandError | undefined {
  const reason = path?.length === 0 ? "socket has no name" : port === 0 ? "port is 0" : undefined;
  if (reason === undefined) return undefined;
  return new CommandError(`the sender's ${reason}, so it cannot be answered`, exitCodes.network);
}

function nameOf({ host, port, path, abstract }: Address): string {
  return host === undefined ? `${String(path)} ${String(abstract)}` : `${host} ${port}`;
}
