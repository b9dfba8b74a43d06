import { Buffer } from "node:buffer";
import { MAX_DATAGRAMS } from "../../native/kernel.ts";
import { kernel } from "../../native/load.ts";
import type { Watcher } from "../../native/poller.ts";
import * as poller from "../../native/poller.ts";
import { EPOLLHUP, EPOLLIN, EPOLLOUT, EPOLLRDHUP } from "../../native/poller.ts";
import * as turn from "../../native/turn.ts";
import {
  AddressBuffer,
  acceptAction,
  concerns,
  decodeAddress,
  dropUnwanted,
  type Endpoint,
  errorBehind,
  keepAlive,
  pauseForShortage,
  SOCKADDR_BYTES,
  SocketDescriptor,
  SpuriousWakeups,
} from "../../socket/internal.ts";
import {
  type Address,
  CONNECTION_ERRORS,
  EAGAIN,
  isInternet,
  MSG_PEEK,
  MSG_TRUNC,
  SocketError,
} from "../../socket/values.ts";
import type { OpenSocket } from "../opening/open-socket.ts";
import type { SocketUrl } from "../url/socket-url.ts";
import { errorOf } from "./connection-error.ts";
import { DatagramSends } from "./datagram-sends.ts";
import type { Peer } from "./peer.ts";
import { isAnswerable, peerOf } from "./peer-of.ts";
import type { DatagramEvents, DatagramSocket, Sent } from "./transport.ts";

/** Errors in a row without a datagram between them; beyond it, the socket is closed with the error. */
export const MAX_RECEIVE_ERRORS = 16;
/** The size of a receive buffer for any datagram of UDP, whose length field has 16 bits. */
export const DATAGRAM_BYTES = 64 * 1024;
/** Length, and length of the address: the contract of `recvmmsg`. */
const INT32S_PER_RESULT = 2;

// Shared by all sockets: its content is copied before the next receive. The kernel gives it no memory until it is used, which
// for most datagrams is one page of each buffer.
let memory = Buffer.alloc(0);
const addresses = new Uint8Array(MAX_DATAGRAMS * SOCKADDR_BYTES);
const addressView = new DataView(addresses.buffer);
const results = new Int32Array(MAX_DATAGRAMS * INT32S_PER_RESULT);
const addressBuffer = new AddressBuffer();
const addressBufferView = new DataView(addressBuffer.bytes.buffer);
const look = new Uint8Array(0);

/** A received datagram: its bytes, owned by the receiver, the sender, and the sender's sockaddr. */
type Incoming = readonly [data: Buffer, peer: Peer, sockaddr: Uint8Array];

/** A bound datagram socket of the kernel. It receives several datagrams with one call, and sends several with another. */
export class NativeDatagrams implements DatagramSocket, Watcher {
  readonly url: SocketUrl;
  readonly slot: number;
  readonly generation: number;
  readonly #open: OpenSocket;
  readonly #endpoint: Endpoint;
  readonly #events: DatagramEvents;
  readonly #sends: DatagramSends;
  /** EPOLLIN while it receives, EPOLLOUT while a datagram waits to be sent. */
  #interest = 0;
  #isReceiving = true;
  /** The datagrams to receive at a time: fewer when they are long, so that other sockets get their turn. */
  #most = MAX_DATAGRAMS;
  #errors = 0;
  #isShort = false;
  #spurious: SpuriousWakeups | undefined;

  constructor(open: OpenSocket, url: SocketUrl, events: DatagramEvents) {
    if (memory.length === 0) memory = Buffer.allocUnsafeSlow(MAX_DATAGRAMS * DATAGRAM_BYTES);
    this.#open = open;
    this.#endpoint = SocketDescriptor.endpointOf(open.socket);
    this.#events = events;
    this.url = url;
    this.slot = this.#endpoint.slot;
    this.generation = this.#endpoint.generation;
    this.#sends = new DatagramSends(this.#endpoint, events, (isAwaited) => this.#awaitRoom(isAwaited));
    keepAlive(false, true);
    this.#awaitInput();
  }

  send(data: Uint8Array, to: Peer, sockaddr?: Uint8Array): Sent {
    return isAnswerable(to) && this.#sends.send(data, to, sockaddr);
  }

  async close(): Promise<void> {
    if (!this.#endpoint.closed) this.#sends.close();
    this.#endReceiving();
    this.#open.close();
  }

  /** Called by the poller. */
  onReady(events: number): void {
    dropUnwanted(this, this.#interest, events);
    if (concerns(this.#interest & EPOLLIN, events)) this.#receive(events);
    if (concerns(this.#interest & EPOLLOUT, events)) this.#sends.onWritable();
  }

  /** One call for each event, so that a flood does not delay the other sockets; epoll reports the rest in the next turn. */
  #receive(events: number): void {
    const incoming: Incoming[] = [];
    const result = isInternet(this.#endpoint.family) ? this.#receiveTogether(incoming) : this.#receiveEach(incoming);
    if (incoming.length > 0) this.#give(incoming);
    if (result < 0 && this.#isReceiving) this.#nothingCame(-result, events, incoming.length > 0);
  }

  /** All are copied before the first is handled: a handler may make another socket receive. */
  #receiveTogether(incoming: Incoming[]): number {
    const { slot, generation } = this;
    const count = kernel.recvmmsg(slot, generation, memory, addresses, results, this.#most, DATAGRAM_BYTES);
    let longest = 1;
    for (let index = 0; index < count; index++) {
      const length = Math.min(results[index * INT32S_PER_RESULT] ?? 0, DATAGRAM_BYTES);
      const addressLength = Math.min(results[index * INT32S_PER_RESULT + 1] ?? 0, SOCKADDR_BYTES);
      const at = index * SOCKADDR_BYTES;
      const sockaddr = copyOf(addresses, at, addressLength);
      incoming.push(
        this.#from(copied(index * DATAGRAM_BYTES, length), decodeAddress(addressView, at, addressLength), sockaddr),
      );
      turn.spendBytes(length);
      longest = Math.max(longest, length);
    }
    if (count > 0) this.#most = Math.max(1, Math.min(MAX_DATAGRAMS, Math.floor(turn.BYTES_PER_TURN / longest)));
    return count;
  }

  /** unix(7): only the send buffer limits a datagram, so each length is queried first. */
  #receiveEach(incoming: Incoming[]): number {
    const { slot, generation } = this;
    while (incoming.length < MAX_DATAGRAMS && (incoming.length === 0 || turn.takeCall())) {
      // recv(2), MSG_TRUNC: the real length; with MSG_PEEK the datagram stays queued.
      const next = kernel.recv(slot, generation, look, 0, 0, MSG_PEEK | MSG_TRUNC);
      if (next < 0) return next;
      // Another process may receive that datagram meanwhile: the buffer fits most others too.
      const buffer = next > memory.length ? Buffer.allocUnsafe(next) : memory;
      const length = kernel.recvfrom(slot, generation, buffer, 0, buffer.length, 0, addressBuffer.bytes);
      if (length < 0) return length;
      const data = buffer === memory ? copied(0, length) : buffer.subarray(0, length);
      const sockaddr = copyOf(addressBuffer.bytes, 4, Math.min(addressBufferView.getInt32(0, true), SOCKADDR_BYTES));
      incoming.push(this.#from(data, addressBuffer.get(), sockaddr));
      turn.spendBytes(length);
    }
    return 0;
  }

  #from(data: Buffer, address: Address | undefined, sockaddr: Uint8Array): Incoming {
    const { family } = this.#endpoint;
    return [data, peerOf(address ?? { family, bytes: new Uint8Array(0) }), sockaddr];
  }

  #give(incoming: readonly Incoming[]): void {
    this.#errors = 0;
    this.#isShort = false;
    this.#spurious?.reset();
    this.#sends.portion = incoming.length;
    try {
      for (const [data, peer, sockaddr] of incoming) {
        if (this.#endpoint.closed) break;
        this.#events.onReceived(data, peer, sockaddr);
      }
    } catch (error) {
      this.#lose(errorOf(error));
    } finally {
      this.#sends.portion = 0;
    }
  }

  /** A receive failed, perhaps after others that succeeded. */
  #nothingCame(errno: number, events: number, isBehind: boolean): void {
    const { slot, generation } = this;
    if (errno === EAGAIN && isBehind) return;
    const found = errno === EAGAIN ? errorBehind(slot, generation, events) : errno;
    if (found === 0) this.#foundNothing();
    // An ICMP error of an earlier reply, reported once: the socket works as before.
    else if (!CONNECTION_ERRORS.has(found)) this.#reportError(new SocketError("recvfrom", found));
  }

  #foundNothing(): void {
    // shutdown(2) by another owner of the socket: no more arrives, and epoll would report that for ever.
    const found = kernel.poll(this.slot, this.generation, EPOLLRDHUP);
    if (found > 0 && (found & (EPOLLRDHUP | EPOLLHUP)) !== 0) {
      this.#endReceiving();
      return;
    }
    this.#spurious ??= new SpuriousWakeups();
    if (!this.#spurious.isTooMany()) return;
    this.#interest &= ~EPOLLIN;
    this.#spurious.pause(this, EPOLLIN, this.#endpoint, "recvfrom", () => this.#awaitInput());
  }

  /** Handles the error of a receive, or of the wait for one. */
  #reportError(error: SocketError): void {
    // Mostly no descriptor or no memory for the wait: it is reported once, and retried after a pause, as accept does.
    if (acceptAction(error, false) === "pause") void this.#pause(error);
    else if (++this.#errors === MAX_RECEIVE_ERRORS) this.#lose(error);
    else {
      this.#events.onError(error);
      if (!this.#isWatched) turn.inNextTurn(() => this.#awaitInput());
    }
  }

  get #isWatched(): boolean {
    return (this.#interest & EPOLLIN) !== 0;
  }

  async #pause(error: SocketError): Promise<void> {
    this.#leave(EPOLLIN);
    if (!this.#isShort) this.#events.onError(error);
    this.#isShort = true;
    if (await pauseForShortage(this.#endpoint, undefined)) this.#awaitInput();
  }

  #lose(error: Error): void {
    this.#endReceiving();
    this.#events.onLost(error);
  }

  #endReceiving(): void {
    this.#leave(EPOLLIN);
    this.#spurious?.cancel();
    if (!this.#isReceiving) return;
    this.#isReceiving = false;
    keepAlive(true, false);
  }

  #awaitInput(): void {
    if (!this.#isReceiving || this.#endpoint.closed) return;
    this.#interest |= EPOLLIN;
    const failed = poller.wait(this, EPOLLIN);
    if (failed === undefined) return;
    this.#interest &= ~EPOLLIN;
    this.#reportError(new SocketError(failed.syscall, -failed.result));
  }

  #awaitRoom(isAwaited: boolean): void {
    if (!isAwaited) {
      this.#leave(EPOLLOUT);
      return;
    }
    this.#interest |= EPOLLOUT;
    // Without the wait, the waiting datagrams cannot be sent.
    if (poller.wait(this, EPOLLOUT) === undefined) return;
    this.#interest &= ~EPOLLOUT;
    this.#sends.drop();
  }

  #leave(interest: number): void {
    if ((this.#interest & interest) === 0) return;
    this.#interest &= ~interest;
    poller.ignore(this, interest);
    if (this.#interest === 0) poller.leave(this);
  }
}

/** Copies the bytes from the receive buffer, which the next receive overwrites. */
function copied(from: number, length: number): Buffer {
  const data = Buffer.allocUnsafe(length);
  memory.copy(data, 0, from, from + length);
  return data;
}

/** A loop over a few bytes is faster than slice(): small arrays live on V8's heap. */
function copyOf(bytes: Uint8Array, from: number, length: number): Uint8Array {
  const copy = new Uint8Array(length);
  for (let index = 0; index < length; index++) copy[index] = bytes[from + index] ?? 0;
  return copy;
}
