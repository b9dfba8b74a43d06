import type { Socket } from "node:dgram";
import { isLossOfDatagram } from "./datagram-loss.ts";
import { HANDED_BYTES } from "./node-link.ts";
import type { Link, LinkEvents, Peer } from "./transport.ts";

/** A connected socket of `node:dgram`. */
export class NodeDatagramLink implements Link {
  readonly peer: Peer;
  readonly isRecords = true;
  readonly isDatagram = true;
  /** There is none. */
  readonly endsAtClose = true;
  readonly #socket: Socket;
  #events: LinkEvents | undefined;
  #heldBytes = 0;
  #awaitsRoom = false;
  #isClosed = false;

  constructor(socket: Socket, peer: Peer) {
    this.#socket = socket;
    this.peer = peer;
  }

  open(events: LinkEvents): void {
    this.#events = events;
    this.#socket.on("message", (data) => this.#events?.received(data));
    this.#socket.on("error", (error) => this.#events?.failed(error));
  }

  // Node cannot stop receiving: what nobody reads the connection keeps, and drops beyond its limit.
  resume(): void {}
  pause(): void {}

  send(bytes: Uint8Array, offset: number, length: number): number | undefined {
    if (this.#heldBytes >= HANDED_BYTES) return undefined;
    this.#heldBytes += length;
    this.#socket.send(Buffer.from(bytes.subarray(offset, offset + length)), (error) => this.#sent(length, error));
    return length;
  }

  sendMany(): undefined {
    return undefined;
  }

  awaitRoom(): void {
    this.#awaitsRoom = true;
  }

  // A datagram socket has no end to send.
  end(): void {}

  close(): void {
    this.#events = undefined;
    if (!this.#isClosed) this.#socket.close();
    this.#isClosed = true;
  }

  abort(): void {
    this.close();
  }

  #sent(length: number, error: Error | null): void {
    this.#heldBytes -= length;
    if (error !== null && !isLossOfDatagram(error)) this.#events?.failed(error);
    if (!this.#awaitsRoom || this.#heldBytes >= HANDED_BYTES) return;
    this.#awaitsRoom = false;
    this.#events?.writable();
  }
}
