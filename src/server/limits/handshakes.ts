import { type Placed, PlacedList } from "../../native/placed-list.ts";
import type { Peer } from "../transport/peer.ts";
import { addressKey } from "./address-key.ts";

/** Which limit a connection had to give way to. */
export type HandshakeLimit = "max-handshakes" | "max-handshakes-per-address";

/**
 * Why a connection did not come to the service: the time for the handshake was over; it gave way to another one; it was lost; the
 * handshake closed it, or failed; the server has closed.
 */
export type HandshakeFailure = "timeout" | HandshakeLimit | "lost" | "closed" | "failed" | "server-closed";

/** A connection between accept and service. */
export interface PendingHandshake extends Placed {
  readonly peer: Peer;
  /** What has come so far: what has grown is progress. */
  readonly bytesRead: number;
  /** How much that was when it was looked at last, and which look first saw it. Written here alone. */
  bytesSeen: number;
  seenAt: number;
  /** It has to make place for another one, now. */
  giveWay(limit: HandshakeLimit): void;
}

/**
 * The connections of a listener that are between accept and service: no more than so many, and no more than so many of one
 * address. One that comes when there is no place for it takes that of the one that has not made progress for longest: who stalls
 * must not keep out who does not. They are looked at only then, so that a byte that comes costs nothing.
 */
export class Handshakes {
  readonly #pending = new PlacedList<PendingHandshake>();
  #looks = 0;

  get size(): number {
    return this.#pending.size;
  }

  /** Adds one, after another has given way to it where there is no place. */
  add(handshake: PendingHandshake, max: number, maxPerAddress: number): void {
    const key = keyOf(handshake.peer);
    if (key !== undefined && this.#pending.size >= maxPerAddress) {
      const own = [...this.#pending].filter(({ peer }) => keyOf(peer) === key);
      if (own.length >= maxPerAddress) this.#longestIdle(own)?.giveWay("max-handshakes-per-address");
    }
    if (this.#pending.size >= max) this.#longestIdle(this.#pending)?.giveWay("max-handshakes");
    handshake.bytesSeen = handshake.bytesRead;
    handshake.seenAt = ++this.#looks;
    this.#pending.add(handshake);
  }

  /** One has ended, whichever way. */
  delete(handshake: PendingHandshake): void {
    this.#pending.delete(handshake);
  }

  #longestIdle(among: Iterable<PendingHandshake>): PendingHandshake | undefined {
    const look = ++this.#looks;
    let longest: PendingHandshake | undefined;
    for (const handshake of among) {
      if (handshake.bytesRead > handshake.bytesSeen) {
        handshake.bytesSeen = handshake.bytesRead;
        handshake.seenAt = look;
      }
      if (longest === undefined || handshake.seenAt < longest.seenAt) longest = handshake;
    }
    return longest;
  }
}

/** Who counts as one peer here: of loopback, and of Unix sockets, there is no such limit. */
function keyOf(peer: Peer): string | undefined {
  const key = addressKey(peer);
  // RFC 1122, section 3.2.1.3; RFC 4291, section 2.5.3.
  return key === undefined || key.startsWith("127.") || key === "0:0:0:0::/64" ? undefined : key;
}
