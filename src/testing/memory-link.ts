import { constants } from "node:os";
import type { Link, LinkInput, LinkNames, LinkOutput } from "../server/transport/link.ts";
import type { Peer } from "../server/transport/peer.ts";
import type { PeerCredentials } from "../server/transport/peer-credentials.ts";
import { SocketError } from "../socket/values.ts";

/** Buffer space in bytes that a record takes in addition to its data, so that the number of empty records is limited too. */
const RECORD_OVERHEAD_BYTES = 64;

/** The kind and the limits of a memory link. */
export interface MemoryLinkShape {
  readonly isRecords: boolean;
  readonly isDatagram: boolean;
  /** The most bytes that wait in one direction; a further send returns undefined. */
  readonly bufferBytes: number;
  /** The most bytes of a stream that arrive in one event. */
  readonly pieceBytes: number;
}

/**
 * One end of a connection in memory. Like a socket, it buffers what the other end has sent until it is read, up to a
 * limit. It delivers what arrives in microtasks, one piece in each.
 */
export class MemoryLink implements Link {
  peer: Peer;
  readonly isRecords: boolean;
  readonly isDatagram: boolean;
  readonly endsAtClose = true;
  readonly #shape: MemoryLinkShape;
  readonly #onClosed: () => void;
  /** The peer before a PROXY header named another one. */
  readonly #remote: Peer;
  readonly #inbound: Buffer[] = [];
  #inboundCost = 0;
  #other: MemoryLink | undefined;
  #input: LinkInput | undefined;
  #output: LinkOutput | undefined;
  #isReading = false;
  #isScheduled = false;
  #awaitsWritable = false;
  /** How the input ends after the last piece. */
  #ending: { readonly kind: "end" } | { readonly kind: "lost"; readonly errno: number } | undefined;
  #isEndNotified = false;
  #isOpen = true;

  private constructor(shape: MemoryLinkShape, peer: Peer, onClosed: () => void) {
    this.#shape = shape;
    this.isRecords = shape.isRecords;
    this.isDatagram = shape.isDatagram;
    this.peer = peer;
    this.#remote = peer;
    this.#onClosed = onClosed;
  }

  /** Makes the two ends; calls `onClosed` once both have closed. */
  static pair(shape: MemoryLinkShape, peers: readonly [Peer, Peer], onClosed: () => void): [MemoryLink, MemoryLink] {
    let open = 2;
    const end = (peer: Peer): MemoryLink => new MemoryLink(shape, peer, () => void (--open === 0 && onClosed()));
    const [left, right] = [end(peers[1]), end(peers[0])];
    left.#other = right;
    right.#other = left;
    return [left, right];
  }

  get names(): LinkNames {
    return { local: this.#otherEnd.#remote, remote: this.#remote };
  }

  /** The credentials of this process, which has the other end, for a Unix address. */
  get peerCredentials(): PeerCredentials | undefined {
    const [uid, gid] = [process.getuid?.(), process.getgid?.()];
    if ("port" in this.#remote || uid === undefined || gid === undefined) return undefined;
    return { pid: process.pid, uid, gid };
  }

  open(input: LinkInput, output: LinkOutput): void {
    this.#input = input;
    this.#output = output;
    this.#isEndNotified = false;
  }

  resume(): void {
    this.#isReading = true;
    this.#schedule();
  }

  pause(): void {
    this.#isReading = false;
  }

  send(bytes: Uint8Array, offset: number, length: number): number | undefined {
    const { errno } = constants;
    if (this.#ending?.kind === "lost") throw new SocketError("send", this.#ending.errno);
    const other = this.#otherEnd;
    if (!this.#isOpen || !other.#isOpen) throw new SocketError("send", errno.EPIPE);
    const freeBytes = this.#shape.bufferBytes - other.#inboundCost;
    const cost = this.isRecords ? length + RECORD_OVERHEAD_BYTES : length;
    if (this.isRecords && !this.canTake(length)) {
      if (!this.isDatagram) throw new SocketError("send", errno.EMSGSIZE);
      this.#input?.onDatagramError?.(new SocketError("send", errno.EMSGSIZE));
      return length;
    }
    // A datagram that does not fit the receiver's buffer is lost; its sender gets no error.
    if (this.isDatagram && cost > freeBytes) return length;
    if (this.isRecords ? cost > freeBytes : freeBytes <= 0) return undefined;
    const taken = this.isRecords ? length : Math.min(length, freeBytes);
    other.#inbound.push(Buffer.from(bytes.subarray(offset, offset + taken)));
    other.#inboundCost += this.isRecords ? cost : taken;
    other.#schedule();
    return taken;
  }

  /** Whether a record of `length` bytes fits an empty buffer. */
  canTake(length: number): boolean {
    return length + RECORD_OVERHEAD_BYTES <= this.#shape.bufferBytes;
  }

  /** Reports ECONNREFUSED to the other end: its datagram reached no receiver. */
  refuse(): void {
    this.#otherEnd.#input?.onDatagramError?.(new SocketError("recv", constants.errno.ECONNREFUSED));
  }

  sendMany(pieces: readonly Uint8Array[]): number | undefined {
    let sum: number | undefined;
    for (const piece of pieces) {
      const taken = this.send(piece, 0, piece.length);
      if (taken === undefined) break;
      sum = (sum ?? 0) + taken;
      if (taken < piece.length) break;
    }
    return sum;
  }

  awaitWritable(): void {
    this.#awaitsWritable = true;
    if (this.#otherEnd.#inboundCost < this.#shape.bufferBytes) this.#notifyWritable();
  }

  /** Whether received bytes wait here; they count as due even if no reader takes them. */
  isDue(what: "input" | "output"): boolean {
    return what === "input" && this.#inbound.length > 0;
  }

  end(): void {
    if (!this.isDatagram) this.#otherEnd.#finish({ kind: "end" });
  }

  close(): void {
    this.#close(this.#inbound.length > 0 && !this.isDatagram);
  }

  abort(): void {
    this.#close(!this.isDatagram);
  }

  /** Simulates the loss of the connection: this end fails with `errno`. */
  lose(errno: number): void {
    if (this.#isOpen) this.#finish({ kind: "lost", errno });
  }

  #close(isReset: boolean): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#input = undefined;
    this.#output = undefined;
    this.#inbound.length = 0;
    this.#inboundCost = 0;
    if (isReset) this.#otherEnd.lose(constants.errno.ECONNRESET);
    else this.end();
    this.#otherEnd.#notifyWritable();
    this.#onClosed();
    // Datagram sockets have no connection that one end could keep open.
    if (this.isDatagram) this.#otherEnd.#close(false);
  }

  get #otherEnd(): MemoryLink {
    return this.#other ?? this;
  }

  #finish(ending: { kind: "end" } | { kind: "lost"; errno: number }): void {
    if (this.#ending?.kind === "lost") return;
    if (ending.kind === "lost") this.#isEndNotified = false;
    this.#ending = ending;
    // A writer that waits for buffer space learns of a loss without reading.
    if (ending.kind === "lost" && this.#awaitsWritable) this.#inbound.length = 0;
    this.#schedule();
  }

  #schedule(): void {
    if (this.#isScheduled || !this.#isOpen) return;
    this.#isScheduled = true;
    queueMicrotask(() => {
      this.#isScheduled = false;
      this.#deliver();
    });
  }

  #deliver(): void {
    const isLost = this.#ending?.kind === "lost" && this.#awaitsWritable;
    if (this.#input === undefined || (!this.#isReading && !isLost)) return;
    if (this.#inbound.length === 0) {
      this.#notifyEnd();
      return;
    }
    const [first = Buffer.alloc(0)] = this.#inbound;
    const piece = this.isRecords ? first : first.subarray(0, this.#shape.pieceBytes);
    if (piece.length === first.length) this.#inbound.shift();
    else this.#inbound[0] = first.subarray(piece.length);
    this.#inboundCost -= this.isRecords ? piece.length + RECORD_OVERHEAD_BYTES : piece.length;
    this.#otherEnd.#notifyWritable();
    this.#input.onReceived(piece);
    this.#schedule();
  }

  #notifyEnd(): void {
    if (this.#ending === undefined || this.#isEndNotified) return;
    this.#isEndNotified = true;
    if (this.#ending.kind === "end") this.#input?.onEnd();
    else this.#input?.onError(new SocketError("recv", this.#ending.errno));
  }

  #notifyWritable(): void {
    if (!this.#awaitsWritable || !this.#isOpen) return;
    this.#awaitsWritable = false;
    queueMicrotask(() => this.#output?.onWritable());
  }
}
