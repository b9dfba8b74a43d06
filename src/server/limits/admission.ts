import type { AcceptGate, Address } from "../../socket/values.ts";
import type { Clock } from "../time/clock.ts";
import type { Peer } from "../transport/peer.ts";
import { peerOf } from "../transport/peer-of.ts";
import { AddressCounts } from "./address-counts.ts";
import { addressKey } from "./address-key.ts";
import { AddressRate, type Rate } from "./address-rate.ts";

/** Why a connection was not served: named as the option that says so, or because there was no descriptor for it. */
export type RefusalReason =
  | "max-connections"
  | "max-connections-per-address"
  | "accept-rate-per-address"
  | "out-of-descriptors";

/** What an admission tells its server. */
export interface AdmissionReports {
  /** So many connections are open now. */
  changed(active: number): void;
  refused(reason: RefusalReason, peer: Peer): void;
  acceptFailed(error: unknown): void;
}

/** Whom a server takes. */
export interface AdmissionLimits {
  readonly maxConnections: number;
  readonly whenFull: "wait" | "refuse";
  readonly maxConnectionsPerAddress: number;
  readonly acceptRatePerAddress: Rate | undefined;
}

/**
 * Counts connections, in total and for each address, and says which one is too many. The total is looked at before a
 * connection is taken, so that the backlog can hold those for whom there is no room; an address is known only afterwards.
 */
export class Admission implements AcceptGate {
  readonly #limits: AdmissionLimits;
  readonly #rate: AddressRate | undefined;
  readonly #reports: AdmissionReports;
  /** Empty where there is no limit for an address. */
  readonly #byAddress = new AddressCounts();
  /** Listeners that wait for room; one that was called off waits for nothing. A list, since it is used up again and again. */
  #waiting: { open: (() => void) | undefined }[] = [];
  /** Taken, and not looked at yet: a listener takes many at a time. */
  #arriving = 0;
  #active = 0;

  constructor(limits: AdmissionLimits, clock: Clock, reports: AdmissionReports) {
    this.#limits = limits;
    this.#reports = reports;
    this.#rate = limits.acceptRatePerAddress && new AddressRate(limits.acceptRatePerAddress, clock);
  }

  /** How many connections were admitted and have not left. */
  get active(): number {
    return this.#active;
  }

  get room(): number {
    const { whenFull, maxConnections } = this.#limits;
    return whenFull === "refuse" ? Number.POSITIVE_INFINITY : maxConnections - this.#active - this.#arriving;
  }

  whenOpen(open: () => void): () => void {
    const wish: { open: (() => void) | undefined } = { open };
    this.#waiting.push(wish);
    return () => {
      wish.open = undefined;
    };
  }

  entered(): void {
    this.#arriving++;
  }

  shed(address: Address): void {
    this.#reports.refused("out-of-descriptors", peerOf(address));
  }

  acceptFailed(error: unknown): void {
    this.#reports.acceptFailed(error);
  }

  /** Whether one that has entered may stay; else it has left with this. */
  admit(peer: Peer): boolean {
    this.#arriving--;
    const reason = this.#refusal(peer);
    if (reason === undefined) {
      this.#active++;
      this.#reports.changed(this.#active);
      return true;
    }
    this.#openIfRoom();
    this.#reports.refused(reason, peer);
    return false;
  }

  /** One that was admitted is closed. */
  left(peer: Peer): void {
    const key = this.#byAddress.total === 0 ? undefined : addressKey(peer);
    if (key !== undefined) this.#byAddress.remove(key);
    this.#active--;
    this.#reports.changed(this.#active);
    this.#openIfRoom();
  }

  #refusal(peer: Peer): RefusalReason | undefined {
    const { maxConnections, maxConnectionsPerAddress } = this.#limits;
    if (this.#active >= maxConnections) return "max-connections";
    const isCounted = maxConnectionsPerAddress !== Number.POSITIVE_INFINITY;
    if (!isCounted && this.#rate === undefined) return undefined;
    const key = addressKey(peer);
    if (key === undefined) return undefined;
    if (this.#rate?.take(key) === false) return "accept-rate-per-address";
    if (!isCounted) return undefined;
    if (this.#byAddress.of(key) >= maxConnectionsPerAddress) return "max-connections-per-address";
    this.#byAddress.add(key);
    return undefined;
  }

  #openIfRoom(): void {
    if (this.#waiting.length === 0 || this.room <= 0) return;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const { open } of waiting) open?.();
  }
}
