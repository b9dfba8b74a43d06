import { MAX_DATAGRAMS } from "../../native/kernel.ts";
import { kernel } from "../../native/load.ts";
import * as turn from "../../native/turn.ts";
import { type Endpoint, encodeNumericAddress, SOCKADDR_BYTES } from "../../socket/internal.ts";
import {
  AF_UNIX,
  CONNECTION_ERRORS,
  EAGAIN,
  EMSGSIZE,
  ENOBUFS,
  ENOMEM,
  isInternet,
  SocketError,
} from "../../socket/values.ts";
import { errorOf } from "./connection-error.ts";
import type { Peer } from "./peer.ts";
import type { DatagramEvents, Sent } from "./transport.ts";

/**
 * Bytes of the datagrams of one turn that are sent with one call, or wait until the kernel has buffer space; while some
 * wait, further ones are refused.
 */
export const DATAGRAM_BATCH_BYTES = 64 * 1024;
/** The longest datagram of such a batch. A longer one is sent at once: copying it would cost as much as the call. */
export const MAX_GATHERED_DATAGRAM_BYTES = 16 * 1024;

/** Offset, length, offset of the address, length of the address: the contract of `sendmmsg`. */
const INT32S_PER_MESSAGE = 4;
/** send(2): the kernel has no buffer, which a network interface reports as ENOBUFS; or the datagram is too long. */
const NOT_NOW: ReadonlySet<number> = new Set([EAGAIN, ENOBUFS, ENOMEM, EMSGSIZE]);

// Shared by all sockets: the batch of one socket is sent before another begins one.
const memory = Buffer.allocUnsafeSlow(DATAGRAM_BATCH_BYTES);
const addresses = new Uint8Array(MAX_DATAGRAMS * SOCKADDR_BYTES);
const messages = new Int32Array(MAX_DATAGRAMS * INT32S_PER_MESSAGE);
const peers: Peer[] = [];
let usedBytes = 0;
let gathering: DatagramSends | undefined;

/** The result of a datagram that waits because the kernel has no buffer. */
interface Held {
  readonly data: Uint8Array;
  readonly sockaddr: Uint8Array;
  readonly to: Peer;
}

/** The result of a datagram that the kernel refused: a positive errno. */
interface Failure {
  readonly to: Peer;
  readonly errno: number;
}

/** Called when the first datagram begins to wait, and when none waits any more. */
type AwaitRoom = (isAwaited: boolean) => void;

/**
 * The sending side of a datagram socket. The datagrams of one turn are sent together at its end as long as the kernel accepts
 * them: after an error each is sent at once, and its result reported, until one succeeds. Datagrams of a Unix socket are never
 * batched: each receiver has a small queue of its own, and a full one must not delay the others.
 */
export class DatagramSends implements turn.TurnEnder {
  readonly #endpoint: Endpoint;
  readonly #events: Pick<DatagramEvents, "onError" | "onSettled">;
  readonly #awaitRoom: AwaitRoom;
  #isTaking = false;
  /** The number of datagrams in the batch that is being handled; 0 outside a batch. */
  #portion = 0;
  #lastTurn = -1;
  #isDue = false;
  #held: Held[] = [];

  constructor(endpoint: Endpoint, events: Pick<DatagramEvents, "onError" | "onSettled">, awaitRoom: AwaitRoom) {
    this.#endpoint = endpoint;
    this.#events = events;
    this.#awaitRoom = awaitRoom;
  }

  /** Sets the number of datagrams that were received together and are about to be handled; 0 after them. */
  set portion(count: number) {
    this.#portion = count;
  }

  /** @param sockaddr - the peer's; without it, the address is encoded from the peer's fields. */
  send(data: Uint8Array, to: Peer, sockaddr: Uint8Array | undefined): Sent {
    if (this.#endpoint.closed) return false;
    try {
      const address = sockaddr ?? encodeNumericAddress(this.#endpoint.family, to).sockaddr;
      if (this.#isGathered(data)) {
        this.#gather(data, address, to);
        return "later";
      }
      this.flush();
      // Datagrams keep their order.
      return this.#held.length === 0 && this.#sendNow(data, address, to);
    } catch (error) {
      // A name that a peer can have but that cannot be encoded, such as a path of 108 bytes.
      this.#events.onError(errorOf(error), to);
      return false;
    }
  }

  /** Called when the socket is writable again. */
  onWritable(): void {
    const failures: Failure[] = [];
    const held = this.#held;
    let at = 0;
    for (const { data, sockaddr, to } of held) {
      const errno = -this.#attempt(data, sockaddr);
      if (errno === EAGAIN) break;
      if (errno > 0) failures.push({ to, errno });
      at++;
    }
    this.#held = held.slice(at);
    if (this.#held.length === 0) this.#awaitRoom(false);
    this.#report(at - failures.length, failures);
  }

  /** Sends the batch. */
  flush(): void {
    if (gathering === this) this.#sendGathered();
  }

  endTurn(): void {
    this.#isDue = false;
    this.flush();
  }

  /** Sends the waiting datagrams that the kernel accepts. The rest is lost. */
  close(): void {
    this.flush();
    if (this.#held.length > 0) this.onWritable();
    this.drop();
  }

  /** Datagrams that the kernel did not accept are lost: they are counted and not reported. */
  drop(): void {
    const lost = this.#held.length;
    this.#held = [];
    if (lost > 0) this.#events.onSettled?.(0, lost);
  }

  #isGathered(data: Uint8Array): boolean {
    if (!this.#isTaking || data.length > MAX_GATHERED_DATAGRAM_BYTES || !isInternet(this.#endpoint.family))
      return false;
    if (turn.isExiting()) return false;
    // A datagram that was received alone is answered at once.
    if (this.#portion > 0) return this.#portion > 1;
    const current = turn.endingTurn();
    const isFurther = this.#lastTurn === current;
    this.#lastTurn = current;
    return isFurther;
  }

  #gather(data: Uint8Array, sockaddr: Uint8Array, to: Peer): void {
    // A callback about a loss may send, and another socket may begin a batch: these datagrams must not leave with it.
    while (gathering !== undefined && (gathering !== this || !hasRoomFor(data))) gathering.flush();
    gathering = this;
    const index = peers.length;
    const at = index * INT32S_PER_MESSAGE;
    const addressAt = index * SOCKADDR_BYTES;
    memory.set(data, usedBytes);
    addresses.set(sockaddr, addressAt);
    messages[at] = usedBytes;
    messages[at + 1] = data.length;
    messages[at + 2] = addressAt;
    messages[at + 3] = sockaddr.length;
    usedBytes += data.length;
    peers.push(to);
    if (this.#isDue) return;
    this.#isDue = true;
    turn.atEndOfTurn(this);
  }

  /** All are tried before any result is reported: a callback may send again. */
  #sendGathered(): void {
    const count = peers.length;
    const failures: Failure[] = [];
    let isRetry = false;
    let at = 0;
    while (at < count) {
      const sent: number = this.#sendFrom(at, count);
      if (sent === -EAGAIN) break;
      // ip(7): a pending error of an earlier datagram replaces the result of this send, once.
      const isEarlier: boolean = CONNECTION_ERRORS.has(-sent) && !isRetry;
      isRetry = isEarlier;
      if (sent > 0) at += sent;
      else if (!isEarlier) failures.push({ to: this.#peerAt(at++), errno: -sent });
    }
    const taken = at - failures.length;
    this.#isTaking = taken === count;
    for (; at < count; at++) this.#held.push(this.#heldAt(at));
    peers.length = 0;
    usedBytes = 0;
    gathering = undefined;
    if (this.#held.length > 0) this.#awaitRoom(true);
    this.#report(taken, failures);
  }

  /** The number of messages that were sent from there on, or a negated errno. */
  #sendFrom(at: number, count: number): number {
    const { slot, generation } = this.#endpoint;
    const rest = at === 0 ? messages : messages.subarray(at * INT32S_PER_MESSAGE);
    return kernel.sendmmsg(slot, generation, memory, addresses, rest, count - at);
  }

  #peerAt(index: number): Peer {
    return peers[index] ?? { path: "" };
  }

  #heldAt(index: number): Held {
    const [from = 0, length = 0, addressFrom = 0, addressLength = 0] = messages.subarray(index * INT32S_PER_MESSAGE);
    const data = Buffer.from(memory.subarray(from, from + length));
    return { data, sockaddr: addresses.slice(addressFrom, addressFrom + addressLength), to: this.#peerAt(index) };
  }

  /** Reports the results of the datagrams of the batch. */
  #report(taken: number, failures: readonly Failure[]): void {
    this.#events.onSettled?.(taken, failures.length);
    for (const { to, errno } of failures) this.#fail(errno, to);
  }

  #sendNow(data: Uint8Array, sockaddr: Uint8Array, to: Peer): boolean {
    const result = this.#attempt(data, sockaddr);
    this.#isTaking = result >= 0;
    if (result >= 0) return true;
    if (!NOT_NOW.has(-result)) this.#fail(-result, to);
    return false;
  }

  #attempt(data: Uint8Array, sockaddr: Uint8Array): number {
    const { slot, generation, family } = this.#endpoint;
    const attempt = (): number => kernel.sendto(slot, generation, data, 0, data.length, 0, sockaddr);
    const result = attempt();
    // ip(7), as above. A Unix socket has no pending errors.
    return CONNECTION_ERRORS.has(-result) && family !== AF_UNIX ? attempt() : result;
  }

  #fail(errno: number, to: Peer): void {
    this.#events.onError(new SocketError("sendto", errno, targetOf(this.#endpoint.family, to)), to);
  }
}

/** Whether the batch can take one more. */
function hasRoomFor(data: Uint8Array): boolean {
  return peers.length < MAX_DATAGRAMS && usedBytes + data.length <= DATAGRAM_BATCH_BYTES;
}

function targetOf(family: number, to: Peer): ConstructorParameters<typeof SocketError>[2] {
  try {
    return encodeNumericAddress(family, to).target;
  } catch {
    // A name that only the kernel can encode.
    return undefined;
  }
}
