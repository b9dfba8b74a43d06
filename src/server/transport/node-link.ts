import type { Socket } from "node:net";
import { Deadline, deadlines } from "../time/deadline-wheel.ts";
import { ConnectionError } from "./connection-error.ts";
import type { Link, LinkInput, LinkNames, LinkOutput } from "./link.ts";
import type { Peer } from "./peer.ts";
import type { PeerCredentials } from "./peer-credentials.ts";

/** The bytes passed to Node at once: Node may hold this much above its own mark. */
export const HANDED_BYTES = 64 * 1024;
/** How long a closed socket may take to send what Node still has; then it is destroyed. */
export const MAX_CLOSE_MS = 30_000;

const NOTHING = Buffer.alloc(0);
const ignore = (): void => undefined;

/** A connection of `node:net`. Node's buffers are kept empty: bytes that the socket cannot take stay with the connection above. */
export class NodeLink implements Link {
  peer: Peer;
  readonly isRecords = false;
  readonly isDatagram = false;
  /** destroySoon ends the socket first. */
  readonly endsAtClose: boolean = true;
  protected readonly nodeSocket: Socket;
  /** The peer may become another one: that of a PROXY header. */
  readonly #isTcp: boolean;
  protected input: LinkInput | undefined;
  #output: LinkOutput | undefined;
  #onClosed: (() => void) | undefined;
  /** The time of a close in order; `open` cancels it. */
  #closing: Deadline | undefined;
  /** Node reports the end once, and another input must get it. */
  #owesEnd = false;

  /** `onClosed` is called once the socket is closed. */
  constructor(socket: Socket, peer: Peer, onClosed?: () => void) {
    this.nodeSocket = socket;
    this.peer = peer;
    this.#isTcp = "host" in peer;
    this.#onClosed = onClosed;
  }

  /** Not undefined: a service that refuses root would then accept everybody. */
  get peerCredentials(): PeerCredentials | undefined {
    if (this.#isTcp) return undefined;
    throw new ConnectionError("ERR_SOCKWRIGHT_NO_CREDENTIALS");
  }

  get names(): LinkNames | undefined {
    return this.#isTcp ? namesOf(this.nodeSocket) : { local: { path: "" }, remote: this.peer };
  }

  open(input: LinkInput, output: LinkOutput): void {
    const isOpen = this.input !== undefined;
    this.input = input;
    this.#output = output;
    const socket = this.nodeSocket;
    if (isOpen) {
      this.#owesEnd = socket.readableEnded;
      return;
    }
    socket.pause();
    socket.on("data", (bytes: Buffer) => this.input?.onReceived(bytes));
    socket.on("end", () => this.endInput());
    socket.on("drain", () => this.#output?.onWritable());
    socket.on("error", (error) => this.onSocketError(error));
    socket.on("close", () => {
      this.#closing?.cancel();
      this.#onClosed?.();
      this.#onClosed = undefined;
    });
  }

  resume(): void {
    this.nodeSocket.resume();
    if (!this.#owesEnd) return;
    this.#owesEnd = false;
    queueMicrotask(() => this.input?.onEnd());
  }

  pause(): void {
    this.nodeSocket.pause();
  }

  send(bytes: Uint8Array, offset: number, length: number): number | undefined {
    const capacity = this.#capacity();
    return capacity === 0 ? undefined : this.#write(bytes.subarray(offset, offset + Math.min(length, capacity)));
  }

  sendMany(pieces: readonly Uint8Array[]): number | undefined {
    const capacity = this.#capacity();
    const length = pieces.reduce((sum, piece) => sum + piece.length, 0);
    return capacity === 0 ? undefined : this.#write(Buffer.concat(pieces, Math.min(length, capacity)));
  }

  awaitWritable(): void {
    if (!this.nodeSocket.writableNeedDrain) queueMicrotask(() => this.#output?.onWritable());
  }

  /** Node does not tell whether a socket that is not read has input: so the peer is never certainly silent. */
  isDue(what: "input" | "output"): boolean {
    return what === "input" && this.nodeSocket.isPaused();
  }

  setNoDelay(isOn: boolean): void {
    this.nodeSocket.setNoDelay(isOn);
  }

  setKeepAlive(isOn: boolean, delayMs: number): void {
    this.nodeSocket.setKeepAlive(isOn, delayMs);
  }

  setReferenced(isOn: boolean): void {
    if (isOn) this.nodeSocket.ref();
    else this.nodeSocket.unref();
  }

  end(): void {
    this.nodeSocket.end();
  }

  close(): void {
    // Continues to read, so that the socket reaches the end and closes by itself.
    this.input = undefined;
    this.#output = undefined;
    this.nodeSocket.on("error", ignore);
    this.nodeSocket.destroySoon();
    if (this.nodeSocket.destroyed) return;
    // The peer may never take what is left.
    this.#closing = new Deadline(deadlines, () => this.reset());
    this.#closing.start(MAX_CLOSE_MS);
  }

  abort(): void {
    this.input = undefined;
    this.#output = undefined;
    this.nodeSocket.on("error", ignore);
    this.reset();
  }

  protected onSocketError(error: Error): void {
    this.input?.onError(error);
  }

  /** Whether the socket has no use for written bytes after the call. The bytes are lent: otherwise it gets a copy. */
  protected get isTakenAtOnce(): boolean {
    return false;
  }

  protected reset(): void {
    // Node refuses to reset a Unix socket, which has no reset. libuv refuses to reset a socket that is being shut down
    // (uv_tcp_close_reset, UV_EINVAL): Node would leak the descriptor.
    if (this.#isTcp && !this.nodeSocket.writableEnded) this.nodeSocket.resetAndDestroy();
    else this.nodeSocket.destroy();
  }

  /**
   * libuv reports a reset after data as a clean end (uv__stream_io, POLLHUP after a short read) and leaves the error on the socket. TCP
   * reports it to a write, also an empty one, as an error of the socket. A connection that has ended cannot write any more, and a Unix socket
   * reports EPIPE for every end: there node:net cannot tell a reset from an end, and this link reports an end. `hadError` is false,
   * and `remoteAddress` is kept from before.
   */
  protected endInput(): void {
    const socket = this.nodeSocket;
    if (!this.#isTcp || socket.writableEnded || socket.writableLength > 0) {
      this.input?.onEnd();
      return;
    }
    socket.write(NOTHING, (error) => {
      if (error === null || error === undefined) this.input?.onEnd();
    });
  }

  /** Node takes all bytes, and reports only afterwards whether they were too many. */
  #capacity(): number {
    return this.nodeSocket.writableNeedDrain ? 0 : HANDED_BYTES;
  }

  #write(bytes: Uint8Array): number {
    this.nodeSocket.write(this.isTakenAtOnce ? bytes : Buffer.from(bytes));
    return bytes.length;
  }
}

/** Returns the addresses of a TCP socket of `node:net`; undefined for one that is closed. */
export function namesOf({ localAddress, localPort, remoteAddress, remotePort }: Socket): LinkNames | undefined {
  if (localAddress === undefined || remoteAddress === undefined) return undefined;
  return {
    local: { host: localAddress, port: localPort ?? 0 },
    remote: { host: remoteAddress, port: remotePort ?? 0 },
  };
}
