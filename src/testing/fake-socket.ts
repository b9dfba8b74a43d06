import { constants } from "node:os";
import { EPOLLERR, EPOLLHUP, EPOLLIN, EPOLLOUT, EPOLLRDHUP } from "../native/poller.ts";
import {
  AF_UNIX,
  MSG_ERRQUEUE,
  MSG_OOB,
  MSG_PEEK,
  MSG_TRUNC,
  SHUT_RD,
  SHUT_RDWR,
  SHUT_WR,
  SOCK_DGRAM,
  SOCK_STREAM,
} from "../socket/values.ts";
import { FakeBuffer, type ReceivedBytes } from "./fake-buffer.ts";
import { type FakeNames, type SocketName, toLoopback, unnamedAddress } from "./fake-names.ts";

const { errno } = constants;
/** The largest UDP payload, udp(7): 65 535 bytes less the headers; a longer datagram fails with EMSGSIZE. */
const UDP_MAX_BYTES = 65_507;

/** The state that all sockets of a fake kernel share. */
export interface FakeNetwork {
  readonly names: FakeNames<FakeSocket>;
  readonly bufferBytes: number;
  /** Runs `action` at the beginning of the next turn, when a packet would arrive. */
  arrive(action: () => void): void;
}

/** The state of a stream socket; a datagram socket stays `idle`. */
type Phase = "idle" | "listening" | "connecting" | "connected" | "closed";

/** One socket of a fake kernel, which behaves like a Linux socket: its state, its receive buffer, its epoll events. */
export class FakeSocket {
  readonly family: number;
  readonly type: number;
  readonly protocol: number;
  readonly inbound: FakeBuffer;
  readonly options = new Map<string, Uint8Array>();
  name: SocketName;
  peerName: SocketName | undefined;
  /** The number of slots that refer to it, dup(2). */
  references = 1;
  readonly #network: FakeNetwork;
  #phase: Phase = "idle";
  #peer: FakeSocket | undefined;
  #error = 0;
  /** It connects in the background, or has connected, and no connect(2) has reported success yet. */
  #isUnreported = false;
  #isReadShut = false;
  #isWriteShut = false;
  #isBound = false;
  #backlogLimit = 0;
  readonly #backlog: FakeSocket[] = [];
  /** Clients that found the backlog full; they send their first packet again. */
  readonly #refusedClients: FakeSocket[] = [];

  constructor(network: FakeNetwork, family: number, type: number, protocol: number) {
    this.#network = network;
    this.family = family;
    this.type = type;
    this.protocol = protocol;
    this.name = unnamedAddress(family);
    this.inbound = new FakeBuffer(type === SOCK_STREAM, network.bufferBytes);
  }

  get isListening(): boolean {
    return this.#phase === "listening";
  }

  get #isDatagram(): boolean {
    return this.type === SOCK_DGRAM;
  }

  get #isUnix(): boolean {
    return this.family === AF_UNIX;
  }

  /** Connects two sockets with each other: for socketpair(2), and at the end of a handshake. */
  join(peer: FakeSocket): void {
    for (const [one, other] of [[this, peer] as const, [peer, this] as const]) {
      one.#peer = other;
      one.peerName = other.name;
      if (!one.#isDatagram) one.#phase = "connected";
    }
  }

  bind(wanted: SocketName): number {
    if (this.#isBound) return -errno.EINVAL;
    const name = this.#network.names.bind(this, this.type, wanted);
    if (typeof name === "number") return name;
    this.name = name;
    this.#isBound = true;
    return 0;
  }

  listen(backlog: number): number {
    if (this.#isDatagram) return -errno.EOPNOTSUPP;
    if (this.#phase !== "idle" && this.#phase !== "listening") return -errno.EINVAL;
    if (!this.#isBound) {
      if (this.#isUnix) return -errno.EINVAL;
      this.bind(this.name);
    }
    this.#phase = "listening";
    // Linux lets one more connection wait than the backlog says.
    this.#backlogLimit = backlog + 1;
    return 0;
  }

  /** Takes the connection that has waited longest, or returns a negated errno. */
  accept(): FakeSocket | number {
    if (this.#phase !== "listening") return this.#isDatagram ? -errno.EOPNOTSUPP : -errno.EINVAL;
    const accepted = this.#backlog.shift();
    if (accepted === undefined) return -errno.EAGAIN;
    const next = this.#refusedClients.shift();
    if (next !== undefined) this.#network.arrive(() => next.#handshake());
    return accepted;
  }

  connect(to: SocketName): number {
    if (this.#isDatagram) return this.#connectDatagrams(to);
    if (this.#phase === "connecting") return -errno.EALREADY;
    // Linux reports the success of a background connect once more, to the next connect(2).
    if (this.#phase === "connected" && this.#isUnreported) {
      this.#isUnreported = false;
      return 0;
    }
    if (this.#phase !== "idle") return this.#phase === "connected" ? -errno.EISCONN : -errno.EINVAL;
    if (this.#isUnix) {
      const listener = this.#network.names.find(this.type, to);
      if (listener === undefined) return -absenceErrno(to);
      if (listener.type !== this.type) return -errno.EPROTOTYPE;
      if (listener.#phase !== "listening") return -errno.ECONNREFUSED;
      return listener.#enqueue(this) ? 0 : -errno.EAGAIN;
    }
    if (!this.#isBound) this.bind(toLoopback(this.name));
    this.peerName = toLoopback(to);
    this.#phase = "connecting";
    this.#isUnreported = true;
    this.#isReadShut = false;
    this.#isWriteShut = false;
    this.#network.arrive(() => this.#handshake());
    return -errno.EINPROGRESS;
  }

  get isConnected(): boolean {
    return this.#isDatagram ? this.peerName !== undefined : this.#phase === "connected";
  }

  send(pieces: readonly Uint8Array[], to: SocketName | undefined): number {
    if (this.#error !== 0 && !this.#isUnix) return -this.takeError();
    if (this.#isWriteShut) return -errno.EPIPE;
    if (this.#isDatagram) return this.#sendDatagram(pieces, to);
    const peer = this.#peer;
    if (this.#phase !== "connected" || peer === undefined) return -(this.#isUnix ? errno.ENOTCONN : errno.EPIPE);
    if (peer.#phase === "closed") {
      // tcp(7): a writer learns that the peer has closed from the reset that comes back.
      this.#lose(errno.EPIPE);
      return lengthOf(pieces);
    }
    if (this.type !== SOCK_STREAM && !this.inbound.fits(lengthOf(pieces))) return -errno.EMSGSIZE;
    return peer.inbound.put(pieces, noName) ?? -errno.EAGAIN;
  }

  /** Receives into the buffers. Returns the result, or a negated errno, or 0 at the end. */
  receive(buffers: readonly Uint8Array[], flags: number): ReceivedBytes | number {
    if ((flags & MSG_ERRQUEUE) !== 0) return -errno.EAGAIN;
    if ((flags & MSG_OOB) !== 0) return -(this.#isUnix ? errno.EOPNOTSUPP : errno.EINVAL);
    if (this.#isDatagram && this.#error !== 0) return -this.takeError();
    if (!this.inbound.isEmpty) {
      // tcp(7): with MSG_TRUNC the kernel counts and discards the bytes, and writes none.
      const isDiscarded = (flags & MSG_TRUNC) !== 0 && this.type === SOCK_STREAM && !this.#isUnix;
      const into = isDiscarded ? buffers.map(({ length }) => new Uint8Array(length)) : buffers;
      return this.inbound.take(into, (flags & MSG_PEEK) !== 0);
    }
    if (this.#error !== 0) return -this.takeError();
    // After shutdown a non-blocking receive of datagrams always fails with EAGAIN; a blocking one would return 0.
    if (this.#isReadShut) return this.#isDatagram ? -errno.EAGAIN : 0;
    if (!this.#isDatagram && this.#phase !== "connected") {
      return -(this.#isUnix && this.type === SOCK_STREAM ? errno.EINVAL : errno.ENOTCONN);
    }
    return -errno.EAGAIN;
  }

  /** Returns and clears the pending error, as SO_ERROR does. */
  takeError(): number {
    const error = this.#error;
    this.#error = 0;
    return error;
  }

  shutdown(how: number): number {
    if (how !== SHUT_RD && how !== SHUT_WR && how !== SHUT_RDWR) return -errno.EINVAL;
    // tcp(7): SHUT_RD ends a listener. A Unix listener stays one, and accepts nothing.
    if (!this.#isUnix && this.#phase === "listening") {
      if (how !== SHUT_WR) this.#phase = "idle";
      return 0;
    }
    if (!this.#isUnix && !this.isConnected) {
      // inet_shutdown() returns the error and shuts down all the same.
      if (this.#isDatagram && how !== SHUT_WR) this.#isReadShut = true;
      return -errno.ENOTCONN;
    }
    const peer = this.#isDatagram ? undefined : this.#peer;
    if (how !== SHUT_WR) {
      this.#isReadShut = true;
      if (this.#isUnix && peer !== undefined) peer.#isWriteShut = true;
    }
    if (how !== SHUT_RD) {
      this.#isWriteShut = true;
      if (peer !== undefined) peer.#isReadShut = true;
    }
    return 0;
  }

  /** close(2) of the last descriptor. It resets the connection if bytes are unread, or on TCP with SO_LINGER of 0 seconds. */
  close(isAtOnce: boolean): void {
    if (this.#isBound) this.#network.names.release(this.type, this.name);
    const isReset = !this.inbound.isEmpty || (isAtOnce && !this.#isUnix);
    for (const waiting of this.#backlog.splice(0)) waiting.#abandon(true);
    for (const refused of this.#refusedClients.splice(0)) refused.#refuse();
    this.#abandon(isReset);
  }

  /** Returns the EPOLL* bits, as tcp_poll(), unix_poll() and unix_dgram_poll() of the kernel do. */
  events(): number {
    const error = this.#error === 0 ? 0 : EPOLLERR;
    const readHangUp = this.#isReadShut ? EPOLLIN | EPOLLRDHUP : 0;
    if (this.#phase === "listening") return readHangUp | (this.#backlog.length > 0 ? EPOLLIN : 0);
    if (this.#phase === "connecting") return error;
    const isAlone = !this.#isDatagram && this.#phase !== "connected";
    const hangUp = isAlone || (this.#isReadShut && this.#isWriteShut) ? EPOLLHUP : 0;
    const input = this.inbound.isEmpty ? 0 : EPOLLIN;
    return error | hangUp | readHangUp | input | (isAlone || this.#isWritable ? EPOLLOUT : 0);
  }

  get #isWritable(): boolean {
    const peer = this.#peer;
    // Shutting down a Unix socket makes it no more writable: only buffer space counts.
    return (
      peer === undefined || peer.#phase === "closed" || peer.inbound.isWritable || (!this.#isUnix && this.#isWriteShut)
    );
  }

  #connectDatagrams(to: SocketName): number {
    const found = this.#network.names.find(this.type, toLoopback(to));
    if (this.#isUnix && found === undefined) return -absenceErrno(to);
    if (this.#isUnix && found?.type !== this.type) return -errno.EPROTOTYPE;
    if (!this.#isBound && !this.#isUnix) this.bind(toLoopback(this.name));
    this.#peer = this.#isUnix ? found : undefined;
    this.peerName = toLoopback(to);
    return 0;
  }

  #sendDatagram(pieces: readonly Uint8Array[], to: SocketName | undefined): number {
    const length = lengthOf(pieces);
    if (to === undefined && this.peerName === undefined) return -(this.#isUnix ? errno.ENOTCONN : errno.EDESTADDRREQ);
    if (length > (this.#isUnix ? this.#network.bufferBytes : UDP_MAX_BYTES)) return -errno.EMSGSIZE;
    if (!this.#isBound && !this.#isUnix) this.bind(toLoopback(this.name));
    const target = this.#receiver(to);
    if (target === undefined || target.#phase === "closed") {
      if (this.#isUnix) return to === undefined ? this.#disconnect() : -absenceErrno(to);
      // udp(7): the ICMP message comes back, and only a connected socket reports it.
      if (to === undefined) this.#error = errno.ECONNREFUSED;
      return length;
    }
    const taken = target.#accepts(this) ? target.inbound.put(pieces, this.#isBound ? this.name : noName) : undefined;
    // A UDP datagram that does not fit the buffer is lost; its sender gets no error.
    return taken ?? (this.#isUnix ? -errno.EAGAIN : length);
  }

  /** Disconnects as unix_dgram_disconnected() of the kernel does: the datagrams of the dead peer are lost, too. */
  #disconnect(): number {
    this.#peer = undefined;
    this.peerName = undefined;
    this.inbound.clear();
    return -errno.ECONNREFUSED;
  }

  #receiver(to: SocketName | undefined): FakeSocket | undefined {
    if (to === undefined && this.#peer !== undefined) return this.#peer;
    const name = to ?? this.peerName;
    return name === undefined ? undefined : this.#network.names.find(this.type, toLoopback(name));
  }

  /** Whether it receives from this sender: a connected UDP socket receives from its peer only. */
  #accepts(from: FakeSocket): boolean {
    if (this.#isUnix || this.peerName === undefined) return true;
    return Buffer.compare(this.peerName, from.name) === 0;
  }

  /** Delivers the first TCP packet to the socket that is bound to the target address. */
  #handshake(): void {
    if (this.#phase !== "connecting" || this.peerName === undefined) return;
    const listener = this.#network.names.find(this.type, this.peerName);
    if (listener === undefined || listener.#phase !== "listening") this.#refuse();
    else if (!listener.#enqueue(this)) listener.#refusedClients.push(this);
  }

  #refuse(): void {
    if (this.#phase !== "connecting") return;
    this.#phase = "idle";
    this.peerName = undefined;
    this.#lose(errno.ECONNREFUSED);
  }

  /** Makes the listener's end of a connection, and adds it to the backlog. Returns false when that is full. */
  #enqueue(client: FakeSocket): boolean {
    if (this.#backlog.length >= this.#backlogLimit) return false;
    const accepted = new FakeSocket(this.#network, this.family, this.type, this.protocol);
    accepted.name = client.peerName ?? this.name;
    client.join(accepted);
    for (const [option, value] of this.options) accepted.options.set(option, value);
    this.#backlog.push(accepted);
    return true;
  }

  /** Closes this end, and ends or resets the other. */
  #abandon(isReset: boolean): void {
    this.#phase = "closed";
    const peer = this.#peer;
    if (this.#isDatagram || peer === undefined) return;
    if (peer.#phase === "closed") return;
    if (isReset) peer.#lose(errno.ECONNRESET);
    else {
      peer.#isReadShut = true;
      if (this.#isUnix) peer.#isWriteShut = true;
    }
  }

  /** Breaks the connection: received bytes can still be read, then the error, then the end. */
  #lose(error: number): void {
    this.#error = error;
    this.#isReadShut = true;
    this.#isWriteShut = true;
  }
}

const noName: SocketName = new Uint8Array(0);

/** Returns the errno for an address without a socket, unix(7): ENOENT for a path, ECONNREFUSED for an abstract name. */
function absenceErrno(name: SocketName): number {
  return name[2] === 0 ? errno.ECONNREFUSED : errno.ENOENT;
}

function lengthOf(pieces: readonly Uint8Array[]): number {
  return pieces.reduce((sum, { length }) => sum + length, 0);
}
