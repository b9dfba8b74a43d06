import { AbortWait } from "./abort.ts";
import type { AddressInput } from "./address.ts";
import { getaddrinfo } from "./address-info.ts";
import { rejectWith } from "./call.ts";
import { AF_INET6, SO_REUSEADDR, SOCK_STREAM, SOL_SOCKET } from "./constants.ts";
import { Socket } from "./socket.ts";
import { SocketDescriptor } from "./socket-descriptor.ts";
import { AbortError, SockwrightError } from "./sockwright-error.ts";

/**
 * How long, in ms, one address is tried alone before the next one is tried beside it: RFC 8305, section 5, Connection Attempt
 * Delay.
 */
export const CONNECTION_ATTEMPT_DELAY_MS = 250;

/** The host or address to connect to, the source address, and the time that this may take. */
export interface Destination {
  readonly host: string;
  readonly port: number;
  readonly family: number;
  /** The address, when it needs no look-up. */
  readonly numeric: AddressInput | undefined;
  readonly source: AddressInput | undefined;
  readonly timeoutMs: number | null;
  readonly allErrors: boolean;
}

/**
 * The attempts to connect to one of a host's addresses, of which the first success is used: RFC 8305. It owns the sockets in
 * progress.
 */
export class ConnectionAttempts {
  readonly #to: Destination;
  readonly #open = new Set<Socket>();
  readonly #asking = new AbortController();
  /** By the place of the address. */
  readonly #errors: unknown[] = [];
  #addresses: readonly AddressInput[] = [];
  #next = 0;
  #delay: NodeJS.Timeout | undefined;
  #timeout: NodeJS.Timeout | undefined;
  #abortWait: AbortWait | undefined;
  #isSettled = false;
  #resolve: (socket: Socket) => void = () => undefined;
  #reject: (error: unknown) => void = () => undefined;

  constructor(to: Destination) {
    this.#to = to;
  }

  run(signal: AbortSignal | undefined): Promise<Socket> {
    if (signal?.aborted === true) return rejectWith(new AbortError(signal.reason));
    const promise = new Promise<Socket>((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    // A failure that a peer, the network or a signal can cause must not end the process when no code awaits it.
    promise.catch(() => undefined);
    const { timeoutMs } = this.#to;
    // The look-up and the attempts keep the process alive, a time-out must not.
    if (timeoutMs !== null && timeoutMs > 0) this.#timeout = setTimeout(() => this.#lookOnce(), timeoutMs).unref();
    if (signal !== undefined) this.#abortWait = new AbortWait(signal, (reason) => this.#fail(new AbortError(reason)));
    void this.#begin();
    return promise;
  }

  async #begin(): Promise<void> {
    try {
      this.#addresses = await this.#lookUp();
    } catch (error) {
      this.#fail(error);
      return;
    }
    if (!this.#isSettled) this.#startNext();
  }

  async #lookUp(): Promise<readonly AddressInput[]> {
    const { host, port, family, numeric } = this.#to;
    if (numeric !== undefined) return [numeric];
    const found = await getaddrinfo(host, port, { family, type: SOCK_STREAM, signal: this.#asking.signal });
    return inTurn(found.map(({ address }) => address));
  }

  #startNext(): void {
    clearTimeout(this.#delay);
    const place = this.#next++;
    const address = this.#addresses[place];
    if (address === undefined) return;
    if (this.#next < this.#addresses.length) {
      this.#delay = setTimeout(() => this.#startNext(), CONNECTION_ATTEMPT_DELAY_MS).unref();
    }
    this.#start(place, address);
  }

  #start(place: number, address: AddressInput): void {
    const { source, timeoutMs } = this.#to;
    let made: Socket | undefined;
    try {
      made = new Socket(address.family, SOCK_STREAM);
      // All attempts share one time-out, which this object keeps.
      made.settimeout(timeoutMs === 0 ? 0 : null);
      if (source !== undefined) this.#bind(made, source);
    } catch (error) {
      made?.close();
      this.#failed(place, error);
      return;
    }
    const socket = made;
    this.#open.add(socket);
    socket.connect(address).then(
      () => this.#connected(socket),
      (error: unknown) => {
        this.#open.delete(socket);
        socket.close();
        this.#failed(place, error);
      },
    );
  }

  #bind(socket: Socket, source: AddressInput): void {
    // Two that are under way have the same port then, which ip(7) forbids otherwise; a listener keeps its own.
    if (this.#addresses.length > 1 && "port" in source && source.port !== 0)
      socket.setsockopt(SOL_SOCKET, SO_REUSEADDR, 1);
    socket.bind(source);
  }

  #connected(socket: Socket): void {
    if (this.#isSettled) {
      socket.close();
      return;
    }
    this.#open.delete(socket);
    this.#end();
    socket.settimeout(this.#to.timeoutMs);
    this.#resolve(socket);
  }

  #failed(place: number, error: unknown): void {
    if (this.#isSettled) return;
    this.#errors[place] = error;
    if (this.#next < this.#addresses.length) this.#startNext();
    // Python's create_connection: the error of the last address.
    else if (this.#open.size === 0) this.#fail(this.#errors.at(-1));
  }

  /** Readiness comes before deadlines, also where the process was held up. */
  #lookOnce(): void {
    for (const socket of this.#open) SocketDescriptor.endpointOf(socket).sending.wake(0);
    setImmediate(() => this.#fail(new SockwrightError("ERR_SOCKWRIGHT_TIMEOUT", "connect")));
  }

  #fail(error: unknown): void {
    if (this.#isSettled) return;
    const places = Math.min(this.#next, this.#addresses.length);
    const errors = Array.from({ length: places }, (_, place) => this.#errors[place] ?? error);
    this.#end();
    this.#reject(this.#to.allErrors && places > 0 && !(error instanceof AbortError) ? together(errors) : error);
  }

  /** Closes the attempts that are still in progress. */
  #end(): void {
    this.#isSettled = true;
    clearTimeout(this.#delay);
    clearTimeout(this.#timeout);
    this.#abortWait?.leave();
    this.#asking.abort();
    for (const socket of this.#open) socket.close();
    this.#open.clear();
  }
}

/** RFC 8305, section 4: the families in turn, beginning with that of the first address; within one, the order stays. */
export function inTurn<Item extends { readonly family?: number }>(addresses: readonly Item[]): readonly Item[] {
  const isFirst = addresses[0]?.family === AF_INET6;
  const [first, second] = [isFirst, !isFirst].map((isSix) =>
    addresses.filter(({ family }) => (family === AF_INET6) === isSix),
  );
  return addresses.flatMap((_, place) => [
    ...(first?.slice(place, place + 1) ?? []),
    ...(second?.slice(place, place + 1) ?? []),
  ]);
}

/** Makes the error for a host with several addresses, like Node's: its code is that of the first error. */
function together(errors: readonly unknown[]): AggregateError {
  const [first] = errors;
  const code = first instanceof Error && "code" in first ? first.code : undefined;
  return Object.assign(new AggregateError(errors, "create_connection failed"), { code });
}
