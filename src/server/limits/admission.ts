import type { Clock } from "../time/clock.ts";
import type { Peer } from "../transport/peer.ts";
import { AddressCounts } from "./address-counts.ts";
import { addressKey } from "./address-key.ts";
import { AddressRate, isSameRate, type Rate } from "./address-rate.ts";

/** Why a connection was not served: named as the option that says so, or because there was no descriptor for it. */
export type RefusalReason =
  | "max-connections"
  | "max-connections-per-address"
  | "accept-rate-per-address"
  | "out-of-descriptors";

/** Whom a server takes. */
export interface AdmissionLimits {
  readonly maxConnections: number;
  readonly maxConnectionsPerAddress: number;
  readonly acceptRatePerAddress: Rate | undefined;
}

/**
 * Counts connections, in total and for each address, and says which one is too many. The total is looked at before a
 * connection is taken, so that the backlog can hold those for whom there is no place; an address is known only afterwards.
 */
export class Admission {
  #limits: AdmissionLimits;
  #rate: AddressRate | undefined;
  readonly #clock: Clock;
  readonly #changed: (active: number) => void;
  /** Empty where there is no limit for an address. */
  #byAddress = new AddressCounts();
  /** Listeners that wait for a place; one that was called off waits for nothing. A list, since it is used up again and again. */
  #waiting: { open: (() => void) | undefined }[] = [];
  /** Taken, and not looked at yet: a listener takes many at a time. */
  #arriving = 0;
  #active = 0;

  /** @param changed - is told how many connections are open now. */
  constructor(limits: AdmissionLimits, clock: Clock, changed: (active: number) => void) {
    this.#limits = limits;
    this.#clock = clock;
    this.#changed = changed;
    this.#rate = limits.acceptRatePerAddress && new AddressRate(limits.acceptRatePerAddress, clock);
  }

  /** How many connections were admitted and have not left. */
  get active(): number {
    return this.#active;
  }

  /** How many more there can be. */
  get room(): number {
    return this.#limits.maxConnections - this.#active - this.#arriving;
  }

  /** Has `open` called once, when a connection has left and there is a place. What it gives calls that off. */
  whenOpen(open: () => void): () => void {
    const wish: { open: (() => void) | undefined } = { open };
    this.#waiting.push(wish);
    return () => {
      wish.open = undefined;
    };
  }

  /** A listener has taken one; it is handed over next. */
  entered(): void {
    this.#arriving++;
  }

  /**
   * Why one that has entered may not stay: it has left with that. Undefined where it may.
   *
   * @param peer - who is asked for its address, too; without one {@link refusal} is asked later.
   */
  enter(peer: Peer | undefined): RefusalReason | undefined {
    this.#arriving--;
    const isFull = this.#active >= this.#limits.maxConnections;
    const refusal = isFull ? "max-connections" : peer && this.refusal(peer);
    if (refusal === undefined) {
      this.#active++;
      this.#changed(this.#active);
      return undefined;
    }
    this.#openIfRoom();
    return refusal;
  }

  /** One that has entered was refused by its listener. */
  turnedAway(): void {
    this.#arriving--;
    this.#openIfRoom();
  }

  /** Why one that has a place may not keep it, by its address; undefined where it may, and counts for its address from now on. */
  refusal(peer: Peer): RefusalReason | undefined {
    const { maxConnectionsPerAddress } = this.#limits;
    if (!this.#countsAddresses && this.#rate === undefined) return undefined;
    const key = addressKey(peer);
    if (key === undefined) return undefined;
    if (this.#rate?.take(key) === false) return "accept-rate-per-address";
    if (!this.#countsAddresses) return undefined;
    if (this.#byAddress.of(key) >= maxConnectionsPerAddress) return "max-connections-per-address";
    this.#byAddress.add(key);
    return undefined;
  }

  /** One that had a place has left; `peer` is that of one that counted for its address. */
  left(peer: Peer | undefined): void {
    const key = this.#byAddress.total === 0 || peer === undefined ? undefined : addressKey(peer);
    if (key !== undefined) this.#byAddress.remove(key);
    this.#active--;
    this.#changed(this.#active);
    this.#openIfRoom();
  }

  /** Goes by other limits from now on; `peers` are those of the connections that are open, and count for their addresses. */
  use(limits: AdmissionLimits, peers: Iterable<Peer>): void {
    const { acceptRatePerAddress: before } = this.#limits;
    const { acceptRatePerAddress: next } = limits;
    this.#limits = limits;
    // What an address has used up of the same rate stays so.
    if (!isSameRate(before, next)) this.#rate = next && new AddressRate(next, this.#clock);
    this.#byAddress = new AddressCounts();
    if (this.#countsAddresses) {
      for (const peer of peers) {
        const key = addressKey(peer);
        if (key !== undefined) this.#byAddress.add(key);
      }
    }
    this.#openIfRoom();
  }

  get #countsAddresses(): boolean {
    return this.#limits.maxConnectionsPerAddress !== Number.POSITIVE_INFINITY;
  }

  #openIfRoom(): void {
    if (this.#waiting.length === 0 || this.room <= 0) return;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const { open } of waiting) open?.();
  }
}
