import { type Placed, PlacedList } from "../../native/placed-list.ts";
import type { Peer } from "../transport/peer.ts";
import { addressKey } from "./address-key.ts";

/** The limit that ended a handshake in favour of a newer one. */
export type HandshakeLimit = "max-handshakes" | "max-handshakes-per-address";

/**
 * Why a connection did not reach the service: the handshake took too long; it gave way to a newer one; the connection was lost; the
 * handshake closed it, or failed; it did not begin with a valid PROXY header; TLS failed, or the certificate of
 * the client was refused; the server closed.
 */
export type HandshakeFailure =
  | "timeout"
  | HandshakeLimit
  | "lost"
  | "closed"
  | "failed"
  | "proxy-header"
  | "tls"
  | "server-closed";

/** A connection in its handshake, between accept and service. */
export interface PendingHandshake extends Placed {
  readonly peer: Peer;
  /** Bytes received so far; a larger number is progress. */
  readonly bytesRead: number;
  /** The value of `bytesRead` at the last check. Written only by {@link Handshakes}. */
  lastBytesRead: number;
  /** The number of the check that first found that value. Written only by {@link Handshakes}. */
  lastProgress: number;
  /** Ends the handshake at once, in favour of a newer one. */
  evict(limit: HandshakeLimit): void;
}

/**
 * The connections of a listener that are between accept and service, limited in total and per address. At a limit, a new
 * connection replaces the one that has made no progress for longest, so that stalled clients do not keep out others. Progress is
 * checked only then, so a received byte costs nothing.
 */
export class Handshakes {
  readonly #pending = new PlacedList<PendingHandshake>();
  #checks = 0;

  get size(): number {
    return this.#pending.size;
  }

  /** Adds a handshake; at a limit, another one is evicted first. */
  add(handshake: PendingHandshake, max: number, maxPerAddress: number): void {
    this.#makeRoom(handshake, maxPerAddress);
    if (this.#pending.size >= max) this.#longestIdle(this.#pending)?.evict("max-handshakes");
    handshake.lastBytesRead = handshake.bytesRead;
    handshake.lastProgress = ++this.#checks;
    this.#pending.add(handshake);
  }

  /** Applies the limit per address to a handshake whose peer has become another one; at the limit, another handshake is evicted. */
  settle(handshake: PendingHandshake, maxPerAddress: number): void {
    this.#makeRoom(handshake, maxPerAddress);
  }

  /** Removes a handshake that has ended, for whatever reason. */
  delete(handshake: PendingHandshake): void {
    this.#pending.delete(handshake);
  }

  #makeRoom(handshake: PendingHandshake, maxPerAddress: number): void {
    const key = keyOf(handshake.peer);
    if (key === undefined || this.#pending.size < maxPerAddress) return;
    const own = [...this.#pending].filter((each) => each !== handshake && keyOf(each.peer) === key);
    if (own.length >= maxPerAddress) this.#longestIdle(own)?.evict("max-handshakes-per-address");
  }

  #longestIdle(candidates: Iterable<PendingHandshake>): PendingHandshake | undefined {
    const check = ++this.#checks;
    let longest: PendingHandshake | undefined;
    for (const handshake of candidates) {
      if (handshake.bytesRead > handshake.lastBytesRead) {
        handshake.lastBytesRead = handshake.bytesRead;
        handshake.lastProgress = check;
      }
      if (longest === undefined || handshake.lastProgress < longest.lastProgress) longest = handshake;
    }
    return longest;
  }
}

/** The key of a peer for the limit per address; undefined for loopback addresses and Unix sockets, which it does not limit. */
function keyOf(peer: Peer): string | undefined {
  const key = addressKey(peer);
  // RFC 1122, section 3.2.1.3; RFC 4291, section 2.5.3.
  return key === undefined || key.startsWith("127.") || key === "0:0:0:0::/64" ? undefined : key;
}
