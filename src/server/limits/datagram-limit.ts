import type { Clock } from "../time/clock.ts";
import type { Peer } from "../transport/peer.ts";
import { AddressCounts } from "./address-counts.ts";
import { addressKey } from "./address-key.ts";
import { AddressRate, isSameRate, type Rate } from "./address-rate.ts";

/** Why a datagram was dropped: the name of the option that limits it, or the closing of the server. */
export type DropReason =
  | "datagram-rate-per-address"
  | "max-pending-replies"
  | "max-pending-replies-per-address"
  | "closing";

/** The limits of a server for datagrams and their replies. */
export interface DatagramLimits {
  readonly datagramRatePerAddress: Rate | undefined;
  readonly maxPendingReplies: number;
  readonly maxPendingRepliesPerAddress: number;
}

/** The count of datagrams that are being answered, in total and for each address, which decides whether one is too many. */
export class DatagramLimit {
  #limits: DatagramLimits;
  #rate: AddressRate | undefined;
  readonly #clock: Clock;
  readonly #byAddress = new AddressCounts();
  #pending = 0;

  constructor(limits: DatagramLimits, clock: Clock) {
    this.#limits = limits;
    this.#clock = clock;
    this.#rate = limits.datagramRatePerAddress && new AddressRate(limits.datagramRatePerAddress, clock);
  }

  /** Applies other limits. An unchanged rate keeps its buckets, and datagrams that are being answered still count. */
  use(limits: DatagramLimits): void {
    const next = limits.datagramRatePerAddress;
    if (!isSameRate(this.#limits.datagramRatePerAddress, next)) this.#rate = next && new AddressRate(next, this.#clock);
    this.#limits = limits;
  }

  /** The number of datagrams that are being answered. */
  get pending(): number {
    return this.#pending;
  }

  /** Returns why a datagram is dropped before the service receives it; undefined when it is not. */
  check(peer: Peer): DropReason | undefined {
    const { maxPendingReplies, maxPendingRepliesPerAddress } = this.#limits;
    if (this.#rate === undefined && this.#pending === 0) return undefined;
    const key = addressKey(peer);
    if (key !== undefined && this.#rate?.take(key) === false) return "datagram-rate-per-address";
    if (this.#pending >= maxPendingReplies) return "max-pending-replies";
    const own = key === undefined ? 0 : this.#byAddress.of(key);
    return own >= maxPendingRepliesPerAddress ? "max-pending-replies-per-address" : undefined;
  }

  /** Counts a datagram that the service has not answered at once, until {@link remove}. */
  add(peer: Peer): void {
    this.#pending++;
    const key = addressKey(peer);
    if (key !== undefined) this.#byAddress.add(key);
  }

  remove(peer: Peer): void {
    this.#pending--;
    const key = addressKey(peer);
    if (key !== undefined) this.#byAddress.remove(key);
  }
}
