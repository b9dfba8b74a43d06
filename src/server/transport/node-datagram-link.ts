import type { Socket } from "node:dgram";
import { isLossOfEarlierDatagram, lossOfSend } from "./datagram-loss.ts";
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
    this.#socket.on("error", (error) => {
      if (isLossOfEarlierDatagram(errnoOf(error))) this.#events?.datagramFailed?.(error);
      else this.#events?.failed(error);
    });
  }

  // Node cannot stop receiving: what nobody reads the connection keeps, and drops beyond its limit.
  resume(): void {}
  pause(): void {}

  send(bytes: Uint8Array, offset: number, length: number): number | undefined {
    if (this.#heldBytes >= HANDED_BYTES) return undefined;
    this.#heldBytes += length;
    this.#send(Buffer.from(bytes.subarray(offset, offset + length)));
    return length;
  }

  sendMany(): undefined {
    return undefined;
  }

  awaitWritable(): void {
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

  /** `earlier` is what the first attempt was told. */
  #send(data: Buffer, earlier?: Error): void {
    this.#socket.send(data, (error) => {
      const errno = error === null ? 0 : errnoOf(error);
      // ip(7): an error that an earlier datagram brought back takes the place of this send, once.
      if (error !== null && earlier === undefined && isLossOfEarlierDatagram(errno) && !this.#isClosed) {
        this.#send(data, error);
        return;
      }
      if (earlier !== undefined && errnoOf(earlier) !== errno) this.#events?.datagramFailed?.(earlier);
      this.#sent(data.length, error, lossOfSend(errno));
    });
  }

  #sent(length: number, error: Error | null, loss: ReturnType<typeof lossOfSend>): void {
    this.#heldBytes -= length;
    if (error !== null && loss === undefined) this.#events?.failed(error);
    if (error !== null && loss === "told") this.#events?.datagramFailed?.(error);
    if (!this.#awaitsRoom || this.#heldBytes >= HANDED_BYTES) return;
    this.#awaitsRoom = false;
    this.#events?.writable();
  }
}

/** Positive, as in errno(3); 0 for an error that is none of a system call. */
function errnoOf(error: Error): number {
  return "errno" in error && typeof error.errno === "number" ? -error.errno : 0;
}
