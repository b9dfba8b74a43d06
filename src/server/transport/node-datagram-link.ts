import type { Socket } from "node:dgram";
import { isLossOfEarlierDatagram, lossOfSend } from "./datagram-loss.ts";
import type { Link, LinkInput, LinkOutput } from "./link.ts";
import { HANDED_BYTES } from "./node-link.ts";
import type { Peer } from "./peer.ts";

/** A connected socket of `node:dgram`. */
export class NodeDatagramLink implements Link {
  peer: Peer;
  readonly isRecords = true;
  readonly isDatagram = true;
  /** This function does not exist. */
  readonly endsAtClose = true;
  readonly #socket: Socket;
  #input: LinkInput | undefined;
  #output: LinkOutput | undefined;
  #heldBytes = 0;
  #awaitsRoom = false;
  #isClosed = false;

  constructor(socket: Socket, peer: Peer) {
    this.#socket = socket;
    this.peer = peer;
  }

  open(input: LinkInput, output: LinkOutput): void {
    const isOpen = this.#input !== undefined;
    this.#input = input;
    this.#output = output;
    if (isOpen) return;
    this.#socket.on("message", (data) => this.#input?.onReceived(data));
    this.#socket.on("error", (error) => {
      if (isLossOfEarlierDatagram(errnoOf(error))) this.#input?.onDatagramError?.(error);
      else this.#input?.onError(error);
    });
  }

  // Node cannot stop receiving: the connection keeps unread datagrams, and drops those beyond its limit.
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
    this.#input = undefined;
    this.#output = undefined;
    if (!this.#isClosed) this.#socket.close();
    this.#isClosed = true;
  }

  abort(): void {
    this.close();
  }

  /** `earlier` is the result of the first attempt. */
  #send(data: Buffer, earlier?: Error): void {
    this.#socket.send(data, (error) => {
      const errno = error === null ? 0 : errnoOf(error);
      // ip(7): a pending error of an earlier datagram replaces the result of this send, once.
      if (error !== null && earlier === undefined && isLossOfEarlierDatagram(errno) && !this.#isClosed) {
        this.#send(data, error);
        return;
      }
      if (earlier !== undefined && errnoOf(earlier) !== errno) this.#input?.onDatagramError?.(earlier);
      this.#sent(data.length, error, lossOfSend(errno));
    });
  }

  #sent(length: number, error: Error | null, loss: ReturnType<typeof lossOfSend>): void {
    this.#heldBytes -= length;
    if (error !== null && loss === undefined) this.#input?.onError(error);
    if (error !== null && loss === "told") this.#input?.onDatagramError?.(error);
    if (!this.#awaitsRoom || this.#heldBytes >= HANDED_BYTES) return;
    this.#awaitsRoom = false;
    this.#output?.onWritable();
  }
}

/** Positive, as in errno(3); 0 for an error that no system call reported. */
function errnoOf(error: Error): number {
  return "errno" in error && typeof error.errno === "number" ? -error.errno : 0;
}
