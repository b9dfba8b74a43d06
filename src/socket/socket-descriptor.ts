import { inspect } from "node:util";

import { kernel } from "../native/load.ts";
import { type Address, AddressBuffer } from "./address.ts";
import { int32, wrongType } from "./argument.ts";
import { SHUT_RD, SHUT_RDWR, SHUT_WR } from "./constants.ts";
import { checkTimeout } from "./default-timeout.ts";
import type { Endpoint } from "./endpoint.ts";
import { ENOTCONN } from "./errno.ts";
import { leaveToFiles } from "./open-files.ts";
import { getsockopt, setsockopt } from "./option.ts";
import { checkOptions, type OptionNames } from "./option-names.ts";
import { succeed } from "./socket-error.ts";

/** The options of `detach`. */
export interface DetachOptions {
  /** Whether to clear O_NONBLOCK, for a program that expects calls on the descriptor to wait. Default false. */
  readonly blocking?: boolean | undefined;
}

const DETACH_OPTIONS: OptionNames<DetachOptions> = { blocking: true };

const addressBuffer = new AddressBuffer();

/** The part of a socket that does not transfer data: its descriptor, addresses, options, timeout and close. */
export class SocketDescriptor implements AsyncDisposable {
  // Private, so that a program's subclass may have a field of any name.
  #endpoint: Endpoint;

  /** @internal */
  constructor(endpoint: Endpoint) {
    this.#endpoint = endpoint;
  }

  /** Returns the endpoint of a socket, for the layers above. @internal */
  static endpointOf(descriptor: SocketDescriptor): Endpoint {
    return descriptor.#endpoint;
  }

  /** The address family, `AF_INET` …; socket(2). */
  get family(): number {
    return this.#endpoint.family;
  }

  /** The socket type, `SOCK_STREAM` …, without flags; socket(2). */
  get type(): number {
    return this.#endpoint.type;
  }

  /** The protocol as given to `socket()`; 0 is the family's default. */
  get protocol(): number {
    return this.#endpoint.protocol;
  }

  /** Whether `close()` or `detach()` was called. */
  get closed(): boolean {
    return this.#endpoint.closed;
  }

  /**
   * Sets how long a call waits — Python's settimeout, but in milliseconds. It applies to calls made from now on.
   *
   * @param timeoutMs - null waits for ever (the default, see {@link setdefaulttimeout}); with 0 a call never waits and rejects with
   * `EAGAIN`, a connect with `EINPROGRESS`; else a call rejects with `ERR_SOCKWRIGHT_TIMEOUT` after this many ms, an integer up to
   * 2^31-1. Python's 1.5 (seconds) is 1500 here; a fraction is a RangeError.
   * @example See {@link SockwrightError}.
   */
  settimeout(timeoutMs: number | null): void {
    this.#endpoint.check();
    this.#endpoint.timeoutMs = checkTimeout("timeoutMs", timeoutMs);
  }

  /** The value of {@link gettimeout} — Python's attribute of this name. */
  get timeout(): number | null {
    return this.#endpoint.timeoutMs;
  }

  /** Returns the value that {@link settimeout} set. See {@link getblocking}. */
  gettimeout(): number | null {
    return this.#endpoint.timeoutMs;
  }

  /**
   * Sets whether calls wait: `setblocking(true)` is `settimeout(null)`, and `setblocking(false)` is `settimeout(0)`, with which a
   * call that would wait rejects with `EAGAIN`. See {@link getblocking}.
   */
  setblocking(blocking: boolean): void {
    if (typeof blocking !== "boolean")
      throw wrongType("blocking", blocking === 0 ? "of type boolean: false" : "of type boolean", blocking);
    this.settimeout(blocking ? null : 0);
  }

  /**
   * Returns whether calls may wait: true unless the timeout is 0.
   *
   * @example
   * ```ts
   * import { socket } from "sockwright";
   *
   * const client = socket();
   * client.setblocking(false);
   * console.log(client.gettimeout(), client.getblocking()); // => 0 false
   * client.settimeout(1_500);
   * console.log(client.gettimeout(), client.getblocking()); // => 1500 true
   * client.close();
   * ```
   */
  getblocking(): boolean {
    return this.#endpoint.timeoutMs !== 0;
  }

  /**
   * Reads an option — getsockopt(2). Without `length` the option is a C int. `length` is the most bytes to read, at most 64 KiB.
   *
   * @returns the integer, or with `length` the bytes that the kernel returned.
   * @throws SocketError `ENOPROTOOPT` … · SockwrightError `ERR_SOCKWRIGHT_CLOSED`.
   * @example
   * ```ts
   * import { SO_TYPE, SOCK_STREAM, SOL_SOCKET, socket } from "sockwright";
   *
   * const server = socket();
   * console.log(server.getsockopt(SOL_SOCKET, SO_TYPE) === SOCK_STREAM); // => true
   * server.close();
   * ```
   */
  getsockopt(level: number, option: number): number;
  getsockopt(level: number, option: number, length: number): Buffer;
  getsockopt(level: number, option: number, length?: number): number | Buffer {
    return getsockopt(this.#endpoint, level, option, length);
  }

  /**
   * Sets an option — setsockopt(2).
   *
   * @param value - a C int, or the bytes of a value of any other type, at most 64 KiB.
   * @throws SocketError `ENOPROTOOPT`, `EPERM`, `EINVAL` …, and `ENOTSUP` for an option whose value contains a pointer
   * (SO_ATTACH_FILTER, XDP_UMEM_REG …) · SockwrightError `ERR_SOCKWRIGHT_CLOSED`, and `ERR_SOCKWRIGHT_TIMEOUT_OPTION` for
   * SO_RCVTIMEO and SO_SNDTIMEO, which affect blocking sockets only · RangeError for a longer value.
   * @example
   * ```ts
   * import { SO_REUSEADDR, SOL_SOCKET, socket } from "sockwright";
   *
   * const server = socket();
   * server.setsockopt(SOL_SOCKET, SO_REUSEADDR, 1);
   * console.log(server.getsockopt(SOL_SOCKET, SO_REUSEADDR)); // => 1
   * server.close();
   * ```
   */
  setsockopt(level: number, option: number, value: number | NodeJS.ArrayBufferView): void {
    setsockopt(this.#endpoint, level, option, value);
  }

  /**
   * Returns the socket's own address — getsockname(2). An unbound Unix socket has the path `""`.
   *
   * @example
   * ```ts
   * import { socket } from "sockwright";
   *
   * const server = socket();
   * server.bind({ host: "127.0.0.1", port: 0 });
   * server.listen();
   * const client = socket();
   * await client.connect(server.getsockname());
   * console.log(client.getpeername().port === server.getsockname().port); // => true
   * client.close();
   * server.close();
   * ```
   */
  getsockname(): Address {
    this.#endpoint.check();
    const { slot, generation } = this.#endpoint;
    succeed(kernel.getsockname(slot, generation, addressBuffer.bytes), "getsockname");
    return this.#writtenAddress();
  }

  /**
   * Returns the peer's address — getpeername(2).
   *
   * @throws SocketError `ENOTCONN` · SockwrightError `ERR_SOCKWRIGHT_CLOSED`.
   * @example See {@link getsockname}.
   */
  getpeername(): Address {
    this.#endpoint.check();
    const { slot, generation } = this.#endpoint;
    succeed(kernel.getpeername(slot, generation, addressBuffer.bytes), "getpeername");
    return this.#writtenAddress();
  }

  /**
   * Ends one direction or both without closing the socket — shutdown(2). After `SHUT_WR` the peer reads the end of the stream.
   *
   * @param how - `SHUT_RD`, `SHUT_WR`, or `SHUT_RDWR`, the default.
   * @throws SocketError `ENOTCONN` · SockwrightError `ERR_SOCKWRIGHT_CLOSED`.
   * @example
   * ```ts
   * import { SHUT_WR, socketpair } from "sockwright";
   *
   * const [left, right] = socketpair();
   * left.shutdown(SHUT_WR);
   * console.log((await right.recv(1024)).length); // => 0
   * await right.sendall("still open");
   * console.log((await left.recv(1024)).toString()); // => still open
   * left.close();
   * right.close();
   * ```
   */
  shutdown(how: number = SHUT_RDWR): void {
    this.#endpoint.check();
    this.#endpoint.flushSends();
    const { slot, generation } = this.#endpoint;
    const result = kernel.shutdown(slot, generation, int32("how", how));
    // An unconnected UDP socket is shut down although the result is ENOTCONN (inet_shutdown).
    if (result === 0 || result === -ENOTCONN) this.#endpoint.shutDown(how !== SHUT_WR, how !== SHUT_RD);
    succeed(result, "shutdown");
  }

  /**
   * Returns the descriptor's number, or -1 after close, as in Python. The socket still owns the descriptor.
   *
   * @example See {@link close}.
   */
  fileno(): number {
    if (!this.#endpoint.closed) this.#endpoint.share();
    return this.#number();
  }

  /**
   * Returns whether programs that this process executes inherit the descriptor — Python's get_inheritable; fcntl(2), FD_CLOEXEC.
   * By default they do not.
   *
   * @throws SockwrightError `ERR_SOCKWRIGHT_CLOSED`.
   * @example See {@link set_inheritable}.
   */
  get_inheritable(): boolean {
    this.#endpoint.check();
    const { slot, generation } = this.#endpoint;
    return succeed(kernel.getInheritable(slot, generation), "fcntl") === 1;
  }

  /**
   * Sets whether programs that this process executes inherit the descriptor — Python's set_inheritable; fcntl(2), FD_CLOEXEC.
   * It has the same number there and is non-blocking, since O_NONBLOCK belongs to the open socket.
   *
   * @throws SockwrightError `ERR_SOCKWRIGHT_CLOSED`.
   * @example
   * ```ts
   * import { socket } from "sockwright";
   *
   * const server = socket();
   * console.log(server.get_inheritable()); // => false
   * server.set_inheritable(true);
   * console.log(server.get_inheritable()); // => true
   * server.close();
   * ```
   */
  set_inheritable(inheritable: boolean): void {
    this.#endpoint.check();
    if (typeof inheritable !== "boolean") throw wrongType("inheritable", "of type boolean", inheritable);
    const { slot, generation } = this.#endpoint;
    succeed(kernel.setInheritable(slot, generation, inheritable), "fcntl");
  }

  /**
   * Closes the socket object without closing the descriptor, and returns the descriptor's number — Python's detach. The caller
   * owns the descriptor from then on.
   *
   * @param options - `blocking: true` clears O_NONBLOCK, for a program that expects a blocking socket. As in C this also affects
   * every {@link dup} of the socket: an `accept` or `connect` on one of them may then block the process.
   * @throws SockwrightError `ERR_SOCKWRIGHT_BUSY` while a call waits, `ERR_SOCKWRIGHT_CLOSED`.
   * @example
   * ```ts
   * import { closeSync } from "node:fs";
   * import { socket } from "sockwright";
   *
   * const descriptor = socket().detach();
   * closeSync(descriptor);
   * ```
   */
  detach(options: DetachOptions = {}): number {
    checkOptions("detach()", options, DETACH_OPTIONS);
    const { blocking = false } = options;
    if (typeof blocking !== "boolean") throw wrongType("options.blocking", "of type boolean", blocking);
    return this.#endpoint.detach(blocking);
  }

  /**
   * Closes the socket — close(2). Waiting calls reject with `ERR_SOCKWRIGHT_CLOSED`; a second close does nothing. It never
   * blocks: with SO_LINGER on, a separate thread waits for the kernel, and `await using` waits for that thread.
   *
   * While files of {@link Socket.makefile} are open, the descriptor stays open and waiting calls continue; the last file to be
   * closed closes it. The socket object is closed at once and accepts no further calls.
   *
   * @example
   * ```ts
   * import { socket } from "sockwright";
   *
   * const client = socket();
   * client.close();
   * console.log(client.closed, client.fileno()); // => true -1
   * ```
   */
  close(): void {
    if (leaveToFiles(this.#endpoint)) this.#endpoint = this.#endpoint.closedTwin();
    else this.#endpoint.close();
  }

  /**
   * Lets waiting calls keep the process alive again.
   *
   * @example See {@link unref}.
   */
  ref(): this {
    this.#endpoint.referenced = true;
    return this;
  }

  /**
   * Lets the process exit while calls wait, as in `node:net`.
   *
   * @example
   * ```ts
   * import { socketpair } from "sockwright";
   *
   * const [left, right] = socketpair();
   * left.unref().recv(1024).catch(() => {}); // a program with nothing else to do ends here
   * left.close();
   * right.close();
   * ```
   */
  unref(): this {
    this.#endpoint.referenced = false;
    return this;
  }

  /**
   * Closes the socket and waits until the kernel has closed it, which takes time only with SO_LINGER.
   *
   * @example
   * ```ts
   * import { socket } from "sockwright";
   *
   * let kept: { closed: boolean };
   * {
   *   await using client = socket();
   *   kept = client;
   * }
   * console.log(kept.closed); // => true
   * ```
   */
  async [Symbol.asyncDispose](): Promise<void> {
    const endpoint = this.#endpoint;
    this.close();
    await endpoint.gone;
  }

  /** @internal */
  [inspect.custom](_depth: number, options: object): string {
    const { family, type, protocol, closed } = this.#endpoint;
    const shown = closed ? { closed, family, type, protocol } : { fileno: this.#number(), family, type, protocol };
    return `${this.constructor.name} ${inspect(shown, options)}`;
  }

  #number(): number {
    const { slot, generation, closed } = this.#endpoint;
    return closed ? -1 : kernel.fileno(slot, generation);
  }

  #writtenAddress(): Address {
    return addressBuffer.get() ?? { family: this.family, bytes: new Uint8Array(0) };
  }
}
