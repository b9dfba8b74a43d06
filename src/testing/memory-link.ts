import { constants } from "node:os";
import type { Link, LinkInput, LinkOutput } from "../server/transport/link.ts";
import type { Peer } from "../server/transport/peer.ts";
import type { PeerCredentials } from "../server/transport/peer-credentials.ts";
import { SocketError } from "../socket/values.ts";

/** What a record costs of the buffer besides its bytes, so that empty ones are bounded too. */
const RECORD_OVERHEAD_BYTES = 64;

/** What a link of memory is like. */
export interface MemoryLinkShape {
  readonly isRecords: boolean;
  readonly isDatagram: boolean;
  /** What waits in one direction, at most. */
  readonly bufferBytes: number;
  /** Of a stream, so much arrives at once. */
  readonly pieceBytes: number;
}

/**
 * One end of a connection that is made of memory. As a socket does, it holds what the other end has sent and nobody has
 * read, up to a limit; what arrives is told in microtasks, a piece in each.
 */
export class MemoryLink implements Link {
  peer: Peer;
  readonly isRecords: boolean;
  readonly isDatagram: boolean;
  readonly endsAtClose = true;
  readonly #shape: MemoryLinkShape;
  readonly #closed: () => void;
  readonly #inbound: Buffer[] = [];
  #inboundCost = 0;
  #other: MemoryLink | undefined;
  #input: LinkInput | undefined;
  #output: LinkOutput | undefined;
  #isReading = false;
  #isScheduled = false;
  #awaitsRoom = false;
  /** What comes behind the last piece. */
  #ending: { readonly kind: "end" } | { readonly kind: "lost"; readonly errno: number } | undefined;
  #isEndTold = false;
  #isOpen = true;

  private constructor(shape: MemoryLinkShape, peer: Peer, closed: () => void) {
    this.#shape = shape;
    this.isRecords = shape.isRecords;
    this.isDatagram = shape.isDatagram;
    this.peer = peer;
    this.#closed = closed;
  }

  /** Both ends; `closed` is called when each of them has closed. */
  static pair(shape: MemoryLinkShape, peers: readonly [Peer, Peer], closed: () => void): [MemoryLink, MemoryLink] {
    let open = 2;
    const end = (peer: Peer): MemoryLink => new MemoryLink(shape, peer, () => void (--open === 0 && closed()));
    const [left, right] = [end(peers[1]), end(peers[0])];
    left.#other = right;
    right.#other = left;
    return [left, right];
  }

  /** The other end of a Unix socket of memory is this process. */
  get peerCredentials(): PeerCredentials | undefined {
    const [uid, gid] = [process.getuid?.(), process.getgid?.()];
    if ("port" in this.peer || uid === undefined || gid === undefined) return undefined;
    return { pid: process.pid, uid, gid };
  }

  open(input: LinkInput, output: LinkOutput): void {
    this.#input = input;
    this.#output = output;
    this.#isEndTold = false;
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
    const other = this.#far;
    if (!this.#isOpen || !other.#isOpen) throw new SocketError("send", errno.EPIPE);
    const room = this.#shape.bufferBytes - other.#inboundCost;
    const cost = this.isRecords ? length + RECORD_OVERHEAD_BYTES : length;
    if (this.isRecords && !this.canTake(length)) {
      if (!this.isDatagram) throw new SocketError("send", errno.EMSGSIZE);
      this.#input?.datagramFailed?.(new SocketError("send", errno.EMSGSIZE));
      return length;
    }
    // A datagram that the receiver has no room for is lost, and its sender is not told.
    if (this.isDatagram && cost > room) return length;
    if (this.isRecords ? cost > room : room <= 0) return undefined;
    const taken = this.isRecords ? length : Math.min(length, room);
    other.#inbound.push(Buffer.from(bytes.subarray(offset, offset + taken)));
    other.#inboundCost += this.isRecords ? cost : taken;
    other.#schedule();
    return taken;
  }

  /** Whether a record of so many bytes is not too long. */
  canTake(length: number): boolean {
    return length + RECORD_OVERHEAD_BYTES <= this.#shape.bufferBytes;
  }

  /** A datagram that came from the other end was for nobody: that end is told so. */
  refuse(): void {
    this.#far.#input?.datagramFailed?.(new SocketError("recv", constants.errno.ECONNREFUSED));
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
    this.#awaitsRoom = true;
    if (this.#far.#inboundCost < this.#shape.bufferBytes) this.#tellRoom();
  }

  /** What waits here was sent, whether anybody reads it or not. */
  isDue(what: "input" | "output"): boolean {
    return what === "input" && this.#inbound.length > 0;
  }

  end(): void {
    if (!this.isDatagram) this.#far.#finish({ kind: "end" });
  }

  close(): void {
    this.#leave(this.#inbound.length > 0 && !this.isDatagram);
  }

  abort(): void {
    this.#leave(!this.isDatagram);
  }

  /** The network lost the connection: this end is told so. */
  lose(errno: number): void {
    if (this.#isOpen) this.#finish({ kind: "lost", errno });
  }

  #leave(isReset: boolean): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#input = undefined;
    this.#output = undefined;
    this.#inbound.length = 0;
    this.#inboundCost = 0;
    if (isReset) this.#far.lose(constants.errno.ECONNRESET);
    else this.end();
    this.#far.#tellRoom();
    this.#closed();
    // Between datagram sockets there is no connection that could live on at one end.
    if (this.isDatagram) this.#far.#leave(false);
  }

  get #far(): MemoryLink {
    return this.#other ?? this;
  }

  #finish(ending: { kind: "end" } | { kind: "lost"; errno: number }): void {
    if (this.#ending?.kind === "lost") return;
    if (ending.kind === "lost") this.#isEndTold = false;
    this.#ending = ending;
    // Who waits for room learns of a loss without reading.
    if (ending.kind === "lost" && this.#awaitsRoom) this.#inbound.length = 0;
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
    const isLost = this.#ending?.kind === "lost" && this.#awaitsRoom;
    if (this.#input === undefined || (!this.#isReading && !isLost)) return;
    if (this.#inbound.length === 0) {
      this.#tellEnd();
      return;
    }
    const [first = Buffer.alloc(0)] = this.#inbound;
    const piece = this.isRecords ? first : first.subarray(0, this.#shape.pieceBytes);
    if (piece.length === first.length) this.#inbound.shift();
    else this.#inbound[0] = first.subarray(piece.length);
    this.#inboundCost -= this.isRecords ? piece.length + RECORD_OVERHEAD_BYTES : piece.length;
    this.#far.#tellRoom();
    this.#input.received(piece);
    this.#schedule();
  }

  #tellEnd(): void {
    if (this.#ending === undefined || this.#isEndTold) return;
    this.#isEndTold = true;
    if (this.#ending.kind === "end") this.#input?.ended();
    else this.#input?.failed(new SocketError("recv", this.#ending.errno));
  }

  #tellRoom(): void {
    if (!this.#awaitsRoom || !this.#isOpen) return;
    this.#awaitsRoom = false;
    queueMicrotask(() => this.#output?.writable());
  }
}
