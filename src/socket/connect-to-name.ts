import { kernel } from "../native/load.ts";
import { EPOLLOUT } from "../native/poller.ts";
import { type EncodedAddress, encodeNumericAddress, type UnresolvedHost } from "./address.ts";
import { getaddrinfo } from "./address-info.ts";
import { Call, isUnfinished, type Outcome, PARKED, PROGRESS } from "./call.ts";
import { SOCK_DGRAM, SOCK_STREAM } from "./constants.ts";
import { Deadline, now } from "./deadline.ts";
import type { Endpoint } from "./endpoint.ts";
import { EALREADY, EINPROGRESS, EISCONN } from "./errno.ts";
import { SocketError } from "./socket-error.ts";

/**
 * The least share, in ms, of a common time-out that an address gets which does not answer; then the next address is tried. The
 * same as in Go's net (partialDeadline).
 */
export const MIN_ADDRESS_TIMEOUT_MS = 2_000;

/** Errors that concern the socket, or a connect in progress: another address would not help. */
const OF_THE_SOCKET: ReadonlySet<number> = new Set([EALREADY, EINPROGRESS, EISCONN]);
/** connect(2): AF_UNSPEC dissolves an association; of TCP also one that is being made (tcp_disconnect). */
const NOWHERE = new Uint8Array(16);

/**
 * Waits for the look-up, then connects to its addresses, one after the other, until one succeeds. It throws the last address's
 * error, like create_connection. An address that does not answer is given up after its share of the time-out; without a
 * time-out, the kernel gives it up.
 */
export class ConnectToName extends Call<void> {
  readonly #endpoint: Endpoint;
  readonly #host: UnresolvedHost;
  readonly #connectTo: (address: EncodedAddress) => Call<void>;
  readonly #share = new Deadline();
  readonly #asking = new AbortController();
  #isLookedUp = false;
  /** The addresses not tried yet. */
  #addresses: EncodedAddress[] | undefined;
  #current: Call<void> | undefined;
  /** The current address has used its share of the time. */
  #isDue = false;
  #failure: { readonly error: unknown } | undefined;

  constructor(endpoint: Endpoint, host: UnresolvedHost, connectTo: (address: EncodedAddress) => Call<void>) {
    super();
    this.#endpoint = endpoint;
    this.#host = host;
    this.#connectTo = connectTo;
  }

  get syscall(): string {
    return "connect";
  }

  get interest(): number {
    return EPOLLOUT;
  }

  attempt(): Outcome<void> {
    if (!this.#isLookedUp) {
      this.#isLookedUp = true;
      void this.#lookUp();
    }
    if (this.#failure !== undefined) throw this.#failure.error;
    if (this.#addresses === undefined) return PARKED;
    return this.#connect(this.#addresses);
  }

  override abandon(): void {
    this.#share.clear();
    this.#asking.abort();
    this.#endpoint.broken = "ERR_SOCKWRIGHT_CONNECT_ABANDONED";
  }

  /** Continues with the current address, and with the next ones as long as they fail at once. */
  #connect(addresses: EncodedAddress[]): Outcome<void> {
    let hasMovedOn = false;
    for (;;) {
      this.#current ??= this.#begin(addresses);
      try {
        const outcome = this.#current.attempt(false);
        if (!isUnfinished(outcome)) {
          this.#share.clear();
          return outcome;
        }
        // Not WOULD_BLOCK: the events that came were those of the address before.
        if (!this.#isDue) return hasMovedOn ? PROGRESS : outcome;
        this.#dissolve();
      } catch (error) {
        this.#share.clear();
        const isFinal = error instanceof SocketError && OF_THE_SOCKET.has(-error.errno);
        if (isFinal || addresses.length === 0) throw error;
      }
      hasMovedOn = true;
      this.#current = undefined;
    }
  }

  #begin(addresses: EncodedAddress[]): Call<void> {
    this.#isDue = false;
    const left = addresses.length;
    const address = addresses.shift();
    if (address === undefined) throw new Error(`The look-up of ${this.#host.name} gave no address`);
    if (this.deadline !== undefined && left > 1) {
      const remaining = Math.max(0, this.deadline - now());
      const share = Math.max(remaining / left, MIN_ADDRESS_TIMEOUT_MS);
      // A share that is all that remains has no timer: it could fire before that of the whole, and the next address be tried.
      if (share < remaining) {
        this.#share.atLatest(now() + share, () => {
          this.#isDue = true;
          this.#endpoint.sending.wake(0);
        });
      }
    }
    const call = this.#connectTo(address);
    call.mayWait = this.mayWait;
    return call;
  }

  /** Gives up the address that has not answered. */
  #dissolve(): void {
    const { slot, generation } = this.#endpoint;
    kernel.connect(slot, generation, NOWHERE);
    // tcp_disconnect leaves ECONNRESET of a connect under way, which would be taken for the next one's.
    this.#endpoint.takeError();
    this.#endpoint.isConnecting = false;
  }

  async #lookUp(): Promise<void> {
    const { name, port } = this.#host;
    const { family, type, sending } = this.#endpoint;
    const { signal } = this.#asking;
    try {
      const wanted = type === SOCK_DGRAM ? SOCK_DGRAM : SOCK_STREAM;
      const found = await getaddrinfo(name, port, { family, type: wanted, signal });
      this.#addresses = found.map(({ address }) => encodeNumericAddress(family, address));
    } catch (error) {
      this.#failure = { error };
    }
    sending.wake(0);
  }
}
