import { Buffer } from "node:buffer";
import { NOT_RECEIVED } from "../../native/kernel.ts";
import { kernel } from "../../native/load.ts";
import type { Receiver } from "../../native/poller.ts";
import * as poller from "../../native/poller.ts";
import { EPOLLERR, EPOLLIN, EPOLLOUT, PIECE_BYTES } from "../../native/poller.ts";
import * as turn from "../../native/turn.ts";
import {
  AddressBuffer,
  concerns,
  dropUnwanted,
  errorBehind,
  HeldFile,
  hasFailed,
  isWait,
  keepAlive,
  resetAtClose,
  SpuriousWakeups,
} from "../../socket/internal.ts";
import {
  AF_UNIX,
  EAGAIN,
  ECONNREFUSED,
  EINVAL,
  ENOSYS,
  ENOTCONN,
  EOPNOTSUPP,
  EOVERFLOW,
  IPPROTO_TCP,
  MSG_MORE,
  MSG_TRUNC,
  SHUT_WR,
  SO_KEEPALIVE,
  SOCK_DGRAM,
  SOCK_SEQPACKET,
  SOCK_STREAM,
  SOL_SOCKET,
  SocketError,
  type SocketKind,
  TCP_KEEPIDLE,
  TCP_NODELAY,
} from "../../socket/values.ts";
import { ConnectionError } from "./connection-error.ts";
import { isLossOfEarlierDatagram, lossOfSend } from "./datagram-loss.ts";
import type { Link, LinkFile, LinkInput, LinkNames, LinkOutput, LinkSocket } from "./link.ts";
import type { Peer } from "./peer.ts";
import { type PeerCredentials, peerCredentials } from "./peer-credentials.ts";
import { peerOf } from "./peer-of.ts";
import { RECORD_CUT, receiveRecord, timeRecords } from "./record-receive.ts";

/** The buffer for what one event of a stream receives. */
export const READING_BYTES = 64 * 1024;
/** The longest record of a seqpacket or datagram socket; a longer one is lost and reported, on seqpacket with its connection. */
export const MAX_RECORD_BYTES = 1024 * 1024;
/**
 * Receives after a connection is lost, which read the bytes that arrived before; more than a kernel's buffer holds. It is the
 * end for a datagram socket, which could receive for ever.
 */
export const MAX_RECEIVES_AT_LOSS = 16_384;

/** All events that it may wait for. */
const ALL = EPOLLIN | EPOLLOUT | EPOLLERR;
/** A flag that epoll does not know: waits with it do not keep the process alive. */
const UNREFERENCED = 0x10000;
/** unix(7): the results of a send after the peer has closed, the first one and the later ones. */
const UNIX_PEER_GONE: ReadonlySet<number> = new Set([ECONNREFUSED, ENOTCONN]);

/** sendfile(2): the file system does not support the call, or no file can have such a position. */
const NOT_BY_SENDFILE: ReadonlySet<number> = new Set([EINVAL, ENOSYS, EOPNOTSUPP, EOVERFLOW]);

// Shared by all links: its content is taken before the next receive. A Buffer, so that codecs read it in place.
const buffer = Buffer.allocUnsafeSlow(READING_BYTES);
/** The same for records, allocated for the first one: until a long record arrives, the kernel gives it no memory. */
let recordRooms: readonly [Buffer] | undefined;

/**
 * A connection of the kernel: it owns the descriptor and receives the poller's events itself. Unlike an `Endpoint`, which
 * queues calls, it makes one receive for each event and keeps no waiting calls: a server has thousands of idle ones.
 */
export class NativeLink implements Link, Receiver {
  readonly slot: number;
  readonly generation: number;
  peer: Peer;
  readonly #kind: SocketKind;
  #input: LinkInput | undefined;
  #output: LinkOutput | undefined;
  /** EPOLLIN while it reads, EPOLLOUT while it waits to write, EPOLLERR while it reports a loss although no reader waits. */
  #interest = 0;
  #isClosed = false;
  /** Created for the first waiter; few sockets have one. */
  #spurious: SpuriousWakeups | undefined;

  /** `kind` is any object with the two fields; all connections of a listener share one. */
  constructor(slot: number, generation: number, kind: SocketKind, peer: Peer) {
    this.slot = slot;
    this.generation = generation;
    this.#kind = kind;
    this.peer = peer;
  }

  get names(): LinkNames | undefined {
    const nameOf = (call: "getsockname" | "getpeername"): Peer | undefined => {
      const name = new AddressBuffer();
      const address = kernel[call](this.slot, this.generation, name.bytes) < 0 ? undefined : name.get();
      return address && peerOf(address);
    };
    const local = nameOf("getsockname");
    // A connection that was reset has no peer any more: ENOTCONN.
    return local && { local, remote: nameOf("getpeername") ?? this.peer };
  }

  get isRecords(): boolean {
    return this.#kind.type !== SOCK_STREAM;
  }

  get isDatagram(): boolean {
    return this.#kind.type === SOCK_DGRAM;
  }

  /** tcp(7), unix(7): on a stream the close of the last descriptor is the end. A getter, since a field would cost memory in each link. */
  get endsAtClose(): boolean {
    return true;
  }

  get socket(): LinkSocket | undefined {
    return this.isRecords ? undefined : this;
  }

  get kernel(): LinkSocket["kernel"] {
    return kernel;
  }

  get peerCredentials(): PeerCredentials | undefined {
    return peerCredentials(this.slot, this.generation);
  }

  open(input: LinkInput, output: LinkOutput): void {
    this.#input = input;
    this.#output = output;
    if (this.#kind.type === SOCK_SEQPACKET) timeRecords(this.slot, this.generation);
  }

  /** No receive at once: epoll is level-triggered and reports pending input in its next turn. */
  resume(): void {
    if ((this.#interest & EPOLLIN) === 0) this.#awaitInput();
  }

  pause(): void {
    this.#spurious?.cancel();
    this.#leave(EPOLLIN);
  }

  send(bytes: Uint8Array, offset: number, length: number, hasMore = false): number | undefined {
    if (this.isDatagram) return this.#sendDatagram(bytes, offset, length);
    const flags = hasMore ? MSG_MORE : 0;
    return this.#taken("send", kernel.send(this.slot, this.generation, bytes, offset, length, flags));
  }

  takeSendResult(result: number): number | undefined {
    return this.#taken("send", result);
  }

  sendMany(pieces: readonly Uint8Array[], hasMore = false): number | undefined {
    return this.#taken("sendmsg", kernel.sendmsg(this.slot, this.generation, pieces, hasMore ? MSG_MORE : 0));
  }

  openFile(descriptor: number): LinkFile | undefined {
    return this.isRecords ? undefined : new HeldFile(descriptor);
  }

  sendFile(file: LinkFile, position: number, length: number): number | undefined {
    const { slot, generation } = this;
    // sendfile(2) has no MSG_DONTWAIT.
    kernel.unblock(slot, generation);
    const result = kernel.sendfile(slot, generation, file.descriptor, position, length);
    return NOT_BY_SENDFILE.has(-result) ? 0 : this.#taken("sendfile", result);
  }

  awaitWritable(): void {
    this.#await(EPOLLOUT);
  }

  /**
   * epoll_ctl(2): errors and hang-ups are reported for every registered socket. This keeps nothing alive. An event of a datagram
   * socket is a datagram, which waits for a reader.
   */
  awaitLoss(): void {
    if (this.isDatagram || this.#isClosed || (this.#interest & EPOLLERR) !== 0) return;
    this.#interest |= EPOLLERR;
    // A socket that cannot be watched is lost only when it is read or written.
    if (poller.wait(this, EPOLLERR) !== undefined) this.#interest &= ~EPOLLERR;
  }

  isDue(what: "input" | "output"): boolean {
    // Input that waits for a reader is input: its sender is not silent.
    const interest = what === "input" ? EPOLLIN : this.#interest & EPOLLOUT;
    if (what === "input" && poller.hasArrived(this)) return true;
    return interest !== 0 && kernel.poll(this.slot, this.generation, interest) > 0;
  }

  /** Sockets other than TCP refuse the options, and do not need them. */
  setNoDelay(isOn: boolean): void {
    kernel.setsockopt(this.slot, this.generation, IPPROTO_TCP, TCP_NODELAY, Number(isOn));
  }

  setKeepAlive(isOn: boolean, delayMs: number): void {
    const { slot, generation } = this;
    kernel.setsockopt(slot, generation, SOL_SOCKET, SO_KEEPALIVE, Number(isOn));
    const delayS = Math.ceil(delayMs / 1_000);
    if (isOn && delayS > 0) kernel.setsockopt(slot, generation, IPPROTO_TCP, TCP_KEEPIDLE, delayS);
  }

  setReferenced(isOn: boolean): void {
    if (this.#isClosed) return;
    this.#set(isOn ? this.#interest & ~UNREFERENCED : this.#interest | UNREFERENCED);
  }

  end(): void {
    // ENOTCONN: the peer has reset the connection meanwhile; the reader gets the error.
    kernel.shutdown(this.slot, this.generation, SHUT_WR);
  }

  /** Another owner of the socket or its listener may have set SO_LINGER: it must not turn an orderly close into a reset. */
  close(): void {
    if (this.#giveUp()) kernel.closeInOrder(this.slot, this.generation);
  }

  /** The poller and the addon's table have released the descriptor: it is never closed twice. */
  detach(): number {
    poller.reportArrived(this);
    if (!this.#giveUp()) throw new ConnectionError("ERR_SOCKWRIGHT_ENDED");
    this.#input = undefined;
    this.#output = undefined;
    return kernel.detach(this.slot, this.generation, false);
  }

  abort(): void {
    if (!this.#giveUp()) return;
    resetAtClose(this.slot, this.generation);
    kernel.close(this.slot, this.generation);
  }

  /** False when it is closed already. */
  #giveUp(): boolean {
    if (this.#isClosed) return false;
    this.#isClosed = true;
    this.#spurious?.cancel();
    this.#leave(ALL);
    poller.forget(this.slot);
    return true;
  }

  /** Called by the poller. */
  onReady(events: number): void {
    dropUnwanted(this, this.#interest & ALL, events);
    if (concerns(this.#interest & EPOLLIN, events)) this.#receive(events);
    this.#writableOrLost(events);
  }

  #writableOrLost(events: number): void {
    if (concerns(this.#interest & EPOLLOUT, events)) {
      this.#leave(EPOLLOUT);
      this.#output?.onWritable();
    }
    if (hasFailed(events) && (this.#interest & (EPOLLIN | EPOLLERR)) === EPOLLERR) this.#lookForLoss(events);
  }

  /** Called by the poller, which has received. A reader that has paused meanwhile gets the bytes: the kernel no longer has them. */
  onArrived(events: number, memory: Buffer, offset: number, result: number): void {
    if (this.#isClosed) return;
    dropUnwanted(this, this.#interest & ALL, events);
    if (result > 0) {
      // Much is arriving: larger receives are fewer.
      if (result === PIECE_BYTES) poller.disarm(this);
      this.#spurious?.reset();
      turn.spendBytes(result);
      this.#input?.onReceived(memory.subarray(offset, offset + result));
    } else this.#noneArrived(events, result);
    this.#writableOrLost(events);
  }

  #noneArrived(events: number, result: number): void {
    // Epoll is level-triggered: it reports the end again when a reader waits, and so the reason of an event without data.
    const isToldAgain = (this.#interest & EPOLLIN) === 0 && (result === 0 || result === -EAGAIN);
    if (result === NOT_RECEIVED) this.#receive(events);
    else if (!isToldAgain) this.#nothingCame(result === 0 ? undefined : result, events);
  }

  /** No reader waits, and there is an error or a hang-up. A connection without an error stays as it is, with its bytes. */
  #lookForLoss(events: number): void {
    const errno = errorBehind(this.slot, this.generation, events);
    if (errno !== 0) {
      this.#lose(errno);
      return;
    }
    // Both ends have ended: that is not a loss, and epoll would report it each turn.
    poller.ignore(this, EPOLLERR);
    this.#leave(EPOLLERR);
  }

  /** One receive for each event, so that no peer delays the others. */
  #receive(events: number): void {
    const result = this.#recv();
    if (result === RECORD_CUT) this.#tooLong();
    else if (result === undefined || result < 0) this.#nothingCame(result, events);
    else {
      this.#spurious?.reset();
      if (result < PIECE_BYTES && !this.isRecords) poller.arm(this);
      this.#give(result);
    }
  }

  /** Handles the end of a receive: undefined is the end of the stream, otherwise an errno. */
  #nothingCame(result: number | undefined, events: number): void {
    if (result === undefined) {
      this.#leave(EPOLLIN);
      this.#input?.onEnd();
      return;
    }
    const errno = result === -EAGAIN ? errorBehind(this.slot, this.generation, events) : -result;
    if (errno === 0) this.#foundNothing();
    else if (this.isDatagram && isLossOfEarlierDatagram(errno)) this.#loseDatagram(errno);
    else this.#lose(errno);
  }

  /**
   * The bytes before the loss are delivered first. The kernel keeps them: a TCP or a Unix stream reports its error after its bytes, but a
   * socket with records reports the error first and keeps the records (__skb_try_recv_datagram), and so does a stream whose
   * error was read. They are at most the kernel's buffer, whatever the limit of the read buffer: they are the last.
   */
  #lose(errno: number): void {
    for (let count = 0; count < MAX_RECEIVES_AT_LOSS; count++) {
      const result = this.#recv();
      if (result === undefined || result === RECORD_CUT || result < 0) break;
      this.#give(result);
      if (this.#isClosed) return;
    }
    this.#fail(new SocketError("recv", errno));
  }

  /** A sent datagram was lost. Bytes that arrived before are delivered first, as far as a reader takes them. */
  #loseDatagram(errno: number): void {
    for (let count = 0; count < MAX_RECEIVES_AT_LOSS && (this.#interest & EPOLLIN) !== 0; count++) {
      const result = this.#recv();
      if (result === undefined || (result !== RECORD_CUT && result < 0)) break;
      if (result === RECORD_CUT) this.#tooLong();
      else this.#give(result);
    }
    this.#input?.onDatagramError?.(new SocketError("recv", errno));
  }

  #tooLong(): void {
    const error = new ConnectionError("ERR_SOCKWRIGHT_RECORD_TOO_LONG");
    if (this.isDatagram) this.#input?.onDatagramError?.(error);
    else this.#fail(error);
  }

  /** The first bytes of the buffer that {@link #recv} has received into. */
  #give(length: number): void {
    turn.spendBytes(length);
    this.#input?.onReceived((this.isRecords ? recordBuffers()[0] : buffer).subarray(0, length));
  }

  /** The number of bytes received into the buffer, or a negated errno; undefined is the end. */
  #recv(): number | undefined {
    const { slot, generation } = this;
    if (!this.isRecords) return kernel.recv(slot, generation, buffer, 0, buffer.length, 0) || undefined;
    const buffers = recordBuffers();
    if (!this.isDatagram) return receiveRecord(slot, generation, buffers);
    // recv(2), MSG_TRUNC: the real length of a datagram, also of a truncated one.
    const result = kernel.recv(slot, generation, buffers[0], 0, MAX_RECORD_BYTES, MSG_TRUNC);
    return result > MAX_RECORD_BYTES ? RECORD_CUT : result;
  }

  #foundNothing(): void {
    this.#spurious ??= new SpuriousWakeups();
    if (!this.#spurious.isTooMany()) return;
    this.#spurious.pause(this, EPOLLIN, this.#kind, "recv", () => this.#awaitInput());
  }

  /** A lost datagram counts as sent: its error is reported, and it does not delay the next ones. */
  #sendDatagram(bytes: Uint8Array, offset: number, length: number): number | undefined {
    const attempt = (): number => kernel.send(this.slot, this.generation, bytes, offset, length, 0);
    let result = attempt();
    if (this.#kind.family === AF_UNIX && UNIX_PEER_GONE.has(-result)) {
      result = this.reconnect() ? attempt() : -ECONNREFUSED;
    } else if (isLossOfEarlierDatagram(-result)) {
      // ip(7): a pending error of an earlier datagram replaces the result of this send, once.
      const earlier = result;
      result = attempt();
      if (result !== earlier) this.#input?.onDatagramError?.(new SocketError("send", -earlier));
    }
    const loss = result < 0 ? lossOfSend(-result) : undefined;
    if (loss === undefined) return this.#taken("send", result);
    if (loss === "told") this.#input?.onDatagramError?.(new SocketError("send", -result));
    return length;
  }

  /** Whether a Unix datagram socket whose peer has gone was connected to the peer's successor. */
  protected reconnect(): boolean {
    return false;
  }

  #taken(syscall: string, result: number): number | undefined {
    if (result === -EAGAIN) return undefined;
    if (result < 0) throw new SocketError(syscall, -result);
    turn.spendBytes(result);
    return result;
  }

  #awaitInput(): void {
    if (!this.isRecords) poller.arm(this);
    this.#await(EPOLLIN);
  }

  /** Keeps the process alive until {@link #leave}. */
  #await(interest: number): void {
    if (this.#isClosed) return;
    this.#set(this.#interest | interest);
    const failed = poller.wait(this, interest);
    if (failed !== undefined) this.#fail(new SocketError(failed.syscall, -failed.result));
  }

  #leave(interest: number): void {
    if ((this.#interest & interest) === 0) return;
    if ((this.#interest & interest & EPOLLIN) !== 0) poller.disarm(this);
    this.#set(this.#interest & ~interest);
    if ((this.#interest & ALL) === 0) poller.leave(this);
  }

  #set(interest: number): void {
    const before = this.#interest;
    this.#interest = interest;
    keepAlive(keepsAlive(before), keepsAlive(interest));
  }

  #fail(error: Error): void {
    this.#leave(ALL);
    this.#input?.onError(error);
  }
}

function keepsAlive(interest: number): boolean {
  return isWait(interest) && (interest & UNREFERENCED) === 0;
}

function recordBuffers(): readonly [Buffer] {
  recordRooms ??= [Buffer.allocUnsafeSlow(MAX_RECORD_BYTES)];
  return recordRooms;
}
