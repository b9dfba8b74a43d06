import { AbortWait } from "./abort.ts";
import type { AddressInput } from "./address.ts";
import { getaddrinfo } from "./address-info.ts";
import { rejected } from "./call.ts";
import { AF_INET6, SO_REUSEADDR, SOCK_STREAM, SOL_SOCKET } from "./constants.ts";
import { Socket } from "./socket.ts";
import { SocketDescriptor } from "./socket-descriptor.ts";
import { AbortError, SockwrightError } from "./sockwright-error.ts";

/** RFC 8305, section 5, Connection Attempt Delay: how long an address is waited for before the next one is tried beside it. */
export const CONNECTION_ATTEMPT_DELAY_MS = 250;

/** What is to be connected to, from where, and how long that may take. */
export interface Destination {
  readonly host: string;
  readonly port: number;
  readonly family: number;
  /** The one address, where nobody has to be asked for it. */
  readonly numeric: AddressInput | undefined;
  readonly source: AddressInput | undefined;
  readonly timeoutMs: number | null;
  readonly allErrors: boolean;
}

/** One connection, of whichever address of a host takes it first: RFC 8305. It owns the sockets that are under way. */
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
    if (signal?.aborted === true) return rejected(new AbortError(signal.reason));
    const promise = new Promise<Socket>((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    // What a peer, the network or a signal can cause ends no process where nobody awaits it.
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
      // All of them have one time-out in common, and it is this object's.
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

  /** Whatever is still under way has nobody who wants it. */
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

/** As Node's for a host with several addresses: its code is the first one's. */
function together(errors: readonly unknown[]): AggregateError {
  const [first] = errors;
  const code = first instanceof Error && "code" in first ? first.code : undefined;
  return Object.assign(new AggregateError(errors, "create_connection failed"), { code });
}
