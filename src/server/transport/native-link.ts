import { Buffer } from "node:buffer";
import { NOT_RECEIVED } from "../../native/kernel.ts";
import { kernel } from "../../native/load.ts";
import type { Receiver } from "../../native/poller.ts";
import * as poller from "../../native/poller.ts";
import { EPOLLERR, EPOLLIN, EPOLLOUT, PIECE_BYTES } from "../../native/poller.ts";
import * as turn from "../../native/turn.ts";
import {
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
import type { Link, LinkFile, LinkInput, LinkOutput, LinkSocket } from "./link.ts";
import type { Peer } from "./peer.ts";
import { type PeerCredentials, peerCredentials } from "./peer-credentials.ts";
import { RECORD_CUT, receiveRecord, timeRecords } from "./record-receive.ts";

/** Room for what one event brings of a stream. */
export const READING_BYTES = 64 * 1024;
/** A record of a seqpacket or datagram socket: one that is longer is lost, that of seqpacket with its connection, and told. */
export const MAX_RECORD_BYTES = 1024 * 1024;
/**
 * Receives after a connection is lost, which take the bytes that came before: more than a kernel's buffer holds, and an
 * end where a datagram socket still receives.
 */
export const MAX_RECEIVES_AT_LOSS = 16_384;

/** Whatever it waits for. */
const ALL = EPOLLIN | EPOLLOUT | EPOLLERR;
/** Beside them, and none of epoll's: its waits do not keep the process alive. */
const UNREFERENCED = 0x10000;
/** unix(7): what a send says once its peer has closed, first and from then on. */
const UNIX_PEER_GONE: ReadonlySet<number> = new Set([ECONNREFUSED, ENOTCONN]);

/** sendfile(2): the system of the file does not know the call, or no file can have such a position. */
const NOT_BY_SENDFILE: ReadonlySet<number> = new Set([EINVAL, ENOSYS, EOPNOTSUPP, EOVERFLOW]);

// One for all links: what it holds is taken before anybody else reads. A Buffer, which codecs look into as it is.
const room = Buffer.allocUnsafeSlow(READING_BYTES);
/** The same for records, made when the first comes: until a long one does, the kernel gives it no memory. */
let recordRooms: readonly [Buffer] | undefined;

/**
 * A connection of the kernel's: it owns the descriptor, and is itself what the poller tells of events. Where an `Endpoint`
 * queues calls, it makes one receive for each event and has nothing that waits: a server holds thousands that are idle.
 */
export class NativeLink implements Link, Receiver {
  readonly slot: number;
  readonly generation: number;
  peer: Peer;
  readonly #kind: SocketKind;
  #input: LinkInput | undefined;
  #output: LinkOutput | undefined;
  /** EPOLLIN while it reads, EPOLLOUT while it waits for room, EPOLLERR while a loss is to be told though nobody reads. */
  #interest = 0;
  #isClosed = false;
  /** Made by the first of them, which hardly a socket has. */
  #spurious: SpuriousWakeups | undefined;

  /** `kind` may be anybody's who has those two: it is lent, as all of a listener's connections are of one kind. */
  constructor(slot: number, generation: number, kind: SocketKind, peer: Peer) {
    this.slot = slot;
    this.generation = generation;
    this.#kind = kind;
    this.peer = peer;
  }

  get isRecords(): boolean {
    return this.#kind.type !== SOCK_STREAM;
  }

  get isDatagram(): boolean {
    return this.#kind.type === SOCK_DGRAM;
  }

  /** tcp(7), unix(7): of a stream the close of the last descriptor is the end. No field, of which each link would have one. */
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

  /** Not tried at once: level-triggered, epoll tells in its next turn what is there already. */
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

  sentTogether(result: number): number | undefined {
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
   * epoll_ctl(2): errors and hang-ups are told of every socket that is registered. Nothing is kept alive by it. What a datagram
   * socket is told of is a datagram, and waits for whoever reads.
   */
  awaitLoss(): void {
    if (this.isDatagram || this.#isClosed || (this.#interest & EPOLLERR) !== 0) return;
    this.#interest |= EPOLLERR;
    // A socket that cannot be watched is lost only when somebody reads or writes.
    if (poller.wait(this, EPOLLERR) !== undefined) this.#interest &= ~EPOLLERR;
  }

  isDue(what: "input" | "output"): boolean {
    // Input that nobody reads yet is input: its sender is not silent.
    const interest = what === "input" ? EPOLLIN : this.#interest & EPOLLOUT;
    if (what === "input" && poller.hasArrived(this)) return true;
    return interest !== 0 && kernel.poll(this.slot, this.generation, interest) > 0;
  }

  /** What is no TCP refuses the options, and has no need of them. */
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
    // ENOTCONN: the peer has reset the connection meanwhile; the reader is told.
    kernel.shutdown(this.slot, this.generation, SHUT_WR);
  }

  /** Whoever shares the socket, or its listener, may have set SO_LINGER: it makes no reset of a close in order. */
  close(): void {
    if (this.#giveUp()) kernel.closeInOrder(this.slot, this.generation);
  }

  /** The poller has let go, and so has the table of the addon: a descriptor is never closed twice. */
  detach(): number {
    poller.tellArrived(this);
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
  ready(events: number): void {
    dropUnwanted(this, this.#interest & ALL, events);
    if (concerns(this.#interest & EPOLLIN, events)) this.#receive(events);
    this.#writableOrLost(events);
  }

  #writableOrLost(events: number): void {
    if (concerns(this.#interest & EPOLLOUT, events)) {
      this.#leave(EPOLLOUT);
      this.#output?.writable();
    }
    if (hasFailed(events) && (this.#interest & (EPOLLIN | EPOLLERR)) === EPOLLERR) this.#lookForLoss(events);
  }

  /** Called by the poller, which has received. Who has paused meanwhile is given what came: it is the kernel's no more. */
  arrived(events: number, memory: Buffer, offset: number, result: number): void {
    if (this.#isClosed) return;
    dropUnwanted(this, this.#interest & ALL, events);
    if (result > 0) {
      // Much is coming: larger receives are fewer.
      if (result === PIECE_BYTES) poller.disarm(this);
      this.#spurious?.reset();
      turn.spendBytes(result);
      this.#input?.received(memory.subarray(offset, offset + result));
    } else this.#noneArrived(events, result);
    this.#writableOrLost(events);
  }

  #noneArrived(events: number, result: number): void {
    // Level-triggered, the end is told again once somebody reads, and so is what an event without data was about.
    const isToldAgain = (this.#interest & EPOLLIN) === 0 && (result === 0 || result === -EAGAIN);
    if (result === NOT_RECEIVED) this.#receive(events);
    else if (!isToldAgain) this.#nothingCame(result === 0 ? undefined : result, events);
  }

  /** Nobody reads, and there is an error or a hang-up. A connection without an error is left alone, and its bytes with it. */
  #lookForLoss(events: number): void {
    const errno = errorBehind(this.slot, this.generation, events);
    if (errno !== 0) {
      this.#lose(errno);
      return;
    }
    // Both ends have ended: that is no loss, and would be told each turn.
    poller.ignore(this, EPOLLERR);
    this.#leave(EPOLLERR);
  }

  /** One for each event, so that no peer keeps the others waiting. */
  #receive(events: number): void {
    const result = this.#received();
    if (result === RECORD_CUT) this.#tooLong();
    else if (result === undefined || result < 0) this.#nothingCame(result, events);
    else {
      this.#spurious?.reset();
      if (result < PIECE_BYTES && !this.isRecords) poller.arm(this);
      this.#give(result);
    }
  }

  /** A receive has found the end, undefined, or an errno. */
  #nothingCame(result: number | undefined, events: number): void {
    if (result === undefined) {
      this.#leave(EPOLLIN);
      this.#input?.ended();
      return;
    }
    const errno = result === -EAGAIN ? errorBehind(this.slot, this.generation, events) : -result;
    if (errno === 0) this.#foundNothing();
    else if (this.isDatagram && isLossOfEarlierDatagram(errno)) this.#loseDatagram(errno);
    else this.#lose(errno);
  }

  /**
   * What came before the loss is given first. The kernel keeps it: a TCP or a Unix stream has its error behind its bytes, but a
   * socket with records tells the error first and has the records still (__skb_try_recv_datagram), and so has a stream whose
   * error was taken. It is as much as the kernel's buffer holds, whatever the limit of the read buffer: it is the last.
   */
  #lose(errno: number): void {
    for (let count = 0; count < MAX_RECEIVES_AT_LOSS; count++) {
      const result = this.#received();
      if (result === undefined || result === RECORD_CUT || result < 0) break;
      this.#give(result);
      if (this.#isClosed) return;
    }
    this.#fail(new SocketError("recv", errno));
  }

  /** A datagram of ours is lost. What came before that is given first, as far as somebody reads. */
  #loseDatagram(errno: number): void {
    for (let count = 0; count < MAX_RECEIVES_AT_LOSS && (this.#interest & EPOLLIN) !== 0; count++) {
      const result = this.#received();
      if (result === undefined || (result !== RECORD_CUT && result < 0)) break;
      if (result === RECORD_CUT) this.#tooLong();
      else this.#give(result);
    }
    this.#input?.datagramFailed?.(new SocketError("recv", errno));
  }

  #tooLong(): void {
    const error = new ConnectionError("ERR_SOCKWRIGHT_RECORD_TOO_LONG");
    if (this.isDatagram) this.#input?.datagramFailed?.(error);
    else this.#fail(error);
  }

  /** As many bytes of the room that {@link #received} has received into. */
  #give(length: number): void {
    turn.spendBytes(length);
    this.#input?.received((this.isRecords ? roomsForRecords()[0] : room).subarray(0, length));
  }

  /** How many bytes came into the room, or a negated errno; undefined is the end. */
  #received(): number | undefined {
    const { slot, generation } = this;
    if (!this.isRecords) return kernel.recv(slot, generation, room, 0, room.length, 0) || undefined;
    const rooms = roomsForRecords();
    if (!this.isDatagram) return receiveRecord(slot, generation, rooms);
    // recv(2), MSG_TRUNC: the real length of a datagram, also of one that was cut.
    const result = kernel.recv(slot, generation, rooms[0], 0, MAX_RECORD_BYTES, MSG_TRUNC);
    return result > MAX_RECORD_BYTES ? RECORD_CUT : result;
  }

  #foundNothing(): void {
    this.#spurious ??= new SpuriousWakeups();
    if (!this.#spurious.isTooMany()) return;
    this.#spurious.pause(this, EPOLLIN, this.#kind, "recv", () => this.#awaitInput());
  }

  /** One that is lost counts as taken: it is told, and does not hold up those behind it. */
  #sendDatagram(bytes: Uint8Array, offset: number, length: number): number | undefined {
    const attempt = (): number => kernel.send(this.slot, this.generation, bytes, offset, length, 0);
    let result = attempt();
    if (this.#kind.family === AF_UNIX && UNIX_PEER_GONE.has(-result)) {
      result = this.reconnect() ? attempt() : -ECONNREFUSED;
    } else if (isLossOfEarlierDatagram(-result)) {
      // ip(7): an error that an earlier datagram brought back takes the place of this send, once.
      const earlier = result;
      result = attempt();
      if (result !== earlier) this.#input?.datagramFailed?.(new SocketError("send", -earlier));
    }
    const loss = result < 0 ? lossOfSend(-result) : undefined;
    if (loss === undefined) return this.#taken("send", result);
    if (loss === "told") this.#input?.datagramFailed?.(new SocketError("send", -result));
    return length;
  }

  /** Whether a Unix socket for datagrams, whose peer has gone, has found who is in its place. */
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

  /** Until {@link #leave}, the process stays alive for it. */
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
    this.#input?.failed(error);
  }
}

function keepsAlive(interest: number): boolean {
  return isWait(interest) && (interest & UNREFERENCED) === 0;
}

function roomsForRecords(): readonly [Buffer] {
  recordRooms ??= [Buffer.allocUnsafeSlow(MAX_RECORD_BYTES)];
  return recordRooms;
}
