import type { Clock } from "../time/clock.ts";
import type { Peer } from "../transport/peer.ts";
import { AddressCounts } from "./address-counts.ts";
import { addressKey } from "./address-key.ts";
import { AddressRate, isSameRate, type Rate } from "./address-rate.ts";

/** Why a connection was not served: the name of the option that limits it or that it does not meet, or the lack of a descriptor. */
export type RefusalReason =
  | "max-connections"
  | "max-connections-per-address"
  | "accept-rate-per-address"
  | "proxy-from"
  | "out-of-descriptors";

/** The limits of a server for its connections. */
export interface AdmissionLimits {
  readonly maxConnections: number;
  readonly maxConnectionsPerAddress: number;
  readonly acceptRatePerAddress: Rate | undefined;
}

/**
 * The count of connections, in total and for each address, which decides whether one is too many. A listener checks the total
 * before it accepts, so that connections above the limit stay in the backlog; an address is known only after accept.
 */
export class Admission {
  #limits: AdmissionLimits;
  #rate: AddressRate | undefined;
  readonly #clock: Clock;
  readonly #onChange: (active: number) => void;
  /** Empty without a limit per address. */
  #byAddress = new AddressCounts();
  /** Listeners that wait for capacity; a cancelled one has no `open`. A list, since it is emptied again and again. */
  #waiting: { open: (() => void) | undefined }[] = [];
  /** Connections that were accepted and not checked yet: a listener accepts many at a time. */
  #arriving = 0;
  #active = 0;

  /** @param onChange - called with the number of open connections when it changes. */
  constructor(limits: AdmissionLimits, clock: Clock, onChange: (active: number) => void) {
    this.#limits = limits;
    this.#clock = clock;
    this.#onChange = onChange;
    this.#rate = limits.acceptRatePerAddress && new AddressRate(limits.acceptRatePerAddress, clock);
  }

  /** The number of connections that were admitted and have not left. */
  get active(): number {
    return this.#active;
  }

  /** The number of further connections that the limit allows. */
  get capacity(): number {
    return this.#limits.maxConnections - this.#active - this.#arriving;
  }

  /** Calls `open` once, when a connection has left and the limit allows another one. Returns a function that cancels that. */
  whenOpen(open: () => void): () => void {
    const waiter: { open: (() => void) | undefined } = { open };
    this.#waiting.push(waiter);
    return () => {
      waiter.open = undefined;
    };
  }

  /** Counts a connection that a listener has accepted; {@link admit} follows. */
  addArriving(): void {
    this.#arriving++;
  }

  /**
   * Admits an accepted connection, or returns why it is refused; then it no longer counts.
   *
   * @param peer - checked against the limits per address, too; without it, the caller calls {@link refusal} later.
   */
  admit(peer: Peer | undefined): RefusalReason | undefined {
    this.#arriving--;
    const isFull = this.#active >= this.#limits.maxConnections;
    const refusal = isFull ? "max-connections" : peer && this.admitAddress(peer);
    if (refusal === undefined) {
      this.#active++;
      this.#onChange(this.#active);
      return undefined;
    }
    this.#openIfCapacity();
    return refusal;
  }

  /** Ends the count of an accepted connection that its listener has refused. */
  removeArriving(): void {
    this.#arriving--;
    this.#openIfCapacity();
  }

  /** Counts an admitted connection for its address, or returns why a limit per address refuses it. */
  admitAddress(peer: Peer): RefusalReason | undefined {
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

  /** Ends the count of an admitted connection; `peer` is given when the connection counted for its address. */
  remove(peer: Peer | undefined): void {
    const key = this.#byAddress.total === 0 || peer === undefined ? undefined : addressKey(peer);
    if (key !== undefined) this.#byAddress.remove(key);
    this.#active--;
    this.#onChange(this.#active);
    this.#openIfCapacity();
  }

  /** Applies other limits; `peers` are those of the open connections, which count for their addresses. */
  use(limits: AdmissionLimits, peers: Iterable<Peer>): void {
    const { acceptRatePerAddress: before } = this.#limits;
    const { acceptRatePerAddress: next } = limits;
    this.#limits = limits;
    // An unchanged rate keeps its buckets.
    if (!isSameRate(before, next)) this.#rate = next && new AddressRate(next, this.#clock);
    this.#byAddress = new AddressCounts();
    if (this.#countsAddresses) {
      for (const peer of peers) {
        const key = addressKey(peer);
        if (key !== undefined) this.#byAddress.add(key);
      }
    }
    this.#openIfCapacity();
  }

  get #countsAddresses(): boolean {
    return this.#limits.maxConnectionsPerAddress !== Number.POSITIVE_INFINITY;
  }

  #openIfCapacity(): void {
    if (this.#waiting.length === 0 || this.capacity <= 0) return;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const { open } of waiting) open?.();
  }
}
