import type { Socket } from "node:net";
import { ConnectionError } from "./connection-error.ts";
import type { Link, LinkInput, LinkOutput } from "./link.ts";
import type { Peer } from "./peer.ts";

/** What Node is handed at once: so much it may hold above its own mark. */
export const HANDED_BYTES = 64 * 1024;

const NOTHING = Buffer.alloc(0);

/** A connection of `node:net`. Its buffers are kept empty: what it has no room for stays with the connection above. */
export class NodeLink implements Link {
  peer: Peer;
  readonly isRecords = false;
  readonly isDatagram = false;
  /** destroySoon ends first. */
  readonly endsAtClose = true;
  readonly #socket: Socket;
  #input: LinkInput | undefined;
  #output: LinkOutput | undefined;
  #closed: (() => void) | undefined;
  /** Node tells of the end once, and another input is to be told of it. */
  #owesEnd = false;

  /** `closed` is called once the socket is closed. */
  constructor(socket: Socket, peer: Peer, closed?: () => void) {
    this.#socket = socket;
    this.peer = peer;
    this.#closed = closed;
  }

  /** Not undefined: a service that lets nobody in who is root would let everybody in. */
  get peerCredentials(): undefined {
    if ("host" in this.peer) return undefined;
    throw new ConnectionError("ERR_SOCKWRIGHT_NO_CREDENTIALS");
  }

  open(input: LinkInput, output: LinkOutput): void {
    const isOpen = this.#input !== undefined;
    this.#input = input;
    this.#output = output;
    const socket = this.#socket;
    if (isOpen) {
      this.#owesEnd = socket.readableEnded;
      return;
    }
    socket.pause();
    socket.on("data", (bytes: Buffer) => this.#input?.received(bytes));
    socket.on("end", () => this.#ended());
    socket.on("drain", () => this.#output?.writable());
    socket.on("error", (error) => this.#input?.failed(error));
    socket.on("close", () => {
      this.#closed?.();
      this.#closed = undefined;
    });
  }

  resume(): void {
    this.#socket.resume();
    if (!this.#owesEnd) return;
    this.#owesEnd = false;
    queueMicrotask(() => this.#input?.ended());
  }

  pause(): void {
    this.#socket.pause();
  }

  send(bytes: Uint8Array, offset: number, length: number): number | undefined {
    const room = this.#room();
    return room === 0 ? undefined : this.#write(bytes.subarray(offset, offset + Math.min(length, room)));
  }

  sendMany(pieces: readonly Uint8Array[]): number | undefined {
    const room = this.#room();
    const length = pieces.reduce((sum, piece) => sum + piece.length, 0);
    return room === 0 ? undefined : this.#write(Buffer.concat(pieces, Math.min(length, room)));
  }

  awaitWritable(): void {
    if (!this.#socket.writableNeedDrain) queueMicrotask(() => this.#output?.writable());
  }

  /** What has come to a socket that is not read from, Node cannot tell: then nobody is silent for certain. */
  isDue(what: "input" | "output"): boolean {
    return what === "input" && this.#socket.isPaused();
  }

  setNoDelay(isOn: boolean): void {
    this.#socket.setNoDelay(isOn);
  }

  setKeepAlive(isOn: boolean, delayMs: number): void {
    this.#socket.setKeepAlive(isOn, delayMs);
  }

  setReferenced(isOn: boolean): void {
    if (isOn) this.#socket.ref();
    else this.#socket.unref();
  }

  end(): void {
    this.#socket.end();
  }

  close(): void {
    // Also reads on, so that the socket sees the end of what still comes and closes by itself.
    this.#input = undefined;
    this.#output = undefined;
    this.#socket.on("error", () => undefined);
    this.#socket.destroySoon();
  }

  abort(): void {
    this.#input = undefined;
    this.#output = undefined;
    this.#socket.on("error", () => undefined);
    // Node refuses to reset a Unix socket, which has no such thing. And libuv one that is being shut down
    // (uv_tcp_close_reset, UV_EINVAL): Node would lose the descriptor.
    if ("host" in this.peer && !this.#socket.writableEnded) this.#socket.resetAndDestroy();
    else this.#socket.destroy();
  }

  /**
   * libuv makes a clean end of a reset behind data (uv__stream_io, POLLHUP after a short read) and leaves the error where it is. TCP
   * tells it to a write, also of nothing, as an error of the socket. Who has ended cannot write any more, and a Unix socket says EPIPE
   * of every end: there node:net has nothing that tells a reset from an end, and an end is what is told. `hadError` is false,
   * and `remoteAddress` is kept from before.
   */
  #ended(): void {
    const socket = this.#socket;
    if (!("host" in this.peer) || socket.writableEnded || socket.writableLength > 0) {
      this.#input?.ended();
      return;
    }
    socket.write(NOTHING, (error) => {
      if (error === null || error === undefined) this.#input?.ended();
    });
  }

  /** Node takes all that it is given, and says only then whether that was too much. */
  #room(): number {
    return this.#socket.writableNeedDrain ? 0 : HANDED_BYTES;
  }

  /** The bytes are lent, and Node keeps what it is given: it gets a copy. */
  #write(bytes: Uint8Array): number {
    this.#socket.write(Buffer.from(bytes));
    return bytes.length;
  }
}
