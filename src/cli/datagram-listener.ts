import type { Socket } from "../socket/internal.ts";
import { type Address, AF_UNIX, codeOf } from "../socket/values.ts";
import { CommandError, exitCodes } from "./command-error.ts";
import { DatagramReceiver, type ReceivedDatagram } from "./datagram-receiver.ts";
import { records, recordWasCut } from "./record-connection.ts";
import type { SocketConnection } from "./socket-connection.ts";

/** With `keepOpen`, how long a send waits for a receiver whose buffer is full; then the datagram is lost. */
export const ANSWER_MS = 1_000;

/** unix(7): a socket that was never bound has no name, and recvmsg(2) then gives none. */
const UNNAMED = { family: AF_UNIX, path: "" } as const;

/** The options of a listener for datagrams. */
export interface DatagramListenerOptions {
  /** Receive from every sender and answer the last one; otherwise the first sender is the only peer. */
  readonly keepOpen: boolean;
  onPeer(peer: Address, socket: Socket<unknown>): void;
  /** With `keepOpen`, called when an answer or a received datagram is lost; once for each turn of a sender. */
  onLoss(error: unknown): void;
}

interface Peer {
  readonly address: Address;
  readonly socket: Socket<unknown>;
  /** Why it cannot be answered. */
  readonly obstacle: unknown;
}

/** Bound datagram sockets that together act as one connection. */
export class DatagramListener implements SocketConnection {
  readonly hasEnd = false;
  readonly #sockets: readonly Socket<unknown>[];
  readonly #receiver: DatagramReceiver;
  readonly #options: DatagramListenerOptions;
  #peer: Peer | undefined;
  #hasTold = false;
  #resolveFirst: () => void = () => undefined;
  readonly #firstReceived = new Promise<void>((resolve) => {
    this.#resolveFirst = resolve;
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
    await this.#firstReceived;
    let sent = 0;
    for (const record of records(bytes)) if (await this.#answer(record)) sent += record.length;
    return sent;
  }

  end(): void {
    // Datagrams have no end.
  }

  close(): void {
    for (const socket of this.#sockets) socket.close();
    this.#resolveFirst();
  }

  async #accepts({ from = UNNAMED, socket }: ReceivedDatagram): Promise<boolean> {
    const isNew = this.#peer === undefined || nameOf(this.#peer.address) !== nameOf(from);
    // Datagrams that other senders sent before the socket was connected are still in its queue.
    if (isNew && this.#peer !== undefined && !this.#options.keepOpen) return false;
    if (!isNew) return true;
    let obstacle: unknown = obstacleOf(from);
    if (!this.#options.keepOpen && obstacle === undefined) obstacle = await this.#connect(socket, from);
    this.#peer = { address: from, socket, obstacle };
    this.#hasTold = false;
    this.#options.onPeer(from, socket);
    this.#resolveFirst();
    return true;
  }

  /** Connects the socket, so that only this sender is received. Returns the error instead of throwing it: what the sender sent is valid even when it has gone. */
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

  /** Sends a record to the peer, and returns whether it was sent. */
  async #answer(record: Uint8Array): Promise<boolean> {
    const peer = this.#peer;
    // The listener was closed before the first datagram.
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
      // A listener that stays open for others continues after the failure of one sender.
      if (codeOf(error) === "ERR_SOCKWRIGHT_CLOSED") throw error;
      const isLate = error instanceof Error && error.name === "AbortError";
      this.#lose(
        isLate ? new CommandError(`the sender did not take an answer for ${ANSWER_MS} ms`, exitCodes.network) : error,
      );
      return false;
    }
  }

  #lose(error: unknown): void {
    if (this.#hasTold) return;
    this.#hasTold = true;
    this.#options.onLoss(error);
  }
}

/** Returns why a sender cannot be answered, if so; unix(7), udp(7). */
function obstacleOf({ path, port }: Address): CommandError | undefined {
  const reason = path?.length === 0 ? "socket has no name" : port === 0 ? "port is 0" : undefined;
  if (reason === undefined) return undefined;
  return new CommandError(`the sender's ${reason}, so it cannot be answered`, exitCodes.network);
}

function nameOf({ host, port, path, abstract }: Address): string {
  return host === undefined ? `${String(path)} ${String(abstract)}` : `${host} ${port}`;
}
