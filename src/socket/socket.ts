import type { FileHandle } from "node:fs/promises";

import { kernel } from "../native/load.ts";
import { accept } from "./accept.ts";
import { type Address, type AddressInput, encodeNumericAddress } from "./address.ts";
import { bytesOf, type Data, int32, integer, viewOf, wrongType } from "./argument.ts";
import { mapPromise, tolerate, WOULD_BLOCK } from "./call.ts";
import { connect } from "./connect.ts";
import { SOCK_DGRAM, SOMAXCONN } from "./constants.ts";
import { Endpoint } from "./endpoint.ts";
import type { BinaryMode, KnownMode, MakefileOptions, TextMode } from "./file-options.ts";
import { makefile } from "./makefile.ts";
import {
  type Message,
  type MessageInto,
  type ReceiveMessageOptions,
  recvmsg,
  recvmsgInto,
  type SendMessageOptions,
  sendmsg,
} from "./message.ts";
import { openEndpoint } from "./open-endpoint.ts";
import { chunks, datagrams, readable, writable } from "./readiness.ts";
import { checkReceived, isNothing, type ReceiveOptions, recv, recvfrom, recvfromInto, recvInto } from "./receive.ts";
import { checkSent, type SendOptions, send, sendall, sendto } from "./send.ts";
import { sendfile } from "./send-file.ts";
import { connections, type ServeOptions, serve } from "./serve.ts";
import { SocketDescriptor } from "./socket-descriptor.ts";
import { SocketError, succeed } from "./socket-error.ts";
import type { SocketFile } from "./socket-file.ts";
import { SocketStream } from "./stream.ts";
import type { WaitOptions } from "./wait-options.ts";
import { type WebStreams, webStreamsOf } from "./web-streams.ts";

/** The item that a datagram socket yields: the data and the sender's address. */
export type Datagram = [data: Buffer, address: Address];
/** The item that a listener yields: the socket of an accepted connection and the peer's address. */
export type Accepted = [peer: Socket, address: Address];
/** A socket after `listen()`. */
export type Listener = Socket<Accepted>;

/**
 * A BSD socket, socket(7), with the calls of C and Python under their own names. Calls that can wait return a promise; the
 * others are synchronous. The calls of one direction run in the order in which the program made them. {@link socket},
 * {@link socketpair} and {@link Socket.accept} create sockets; the caller closes them.
 *
 * A call that a peer, a close, a timeout or a signal can reject does not end the process when its promise is not awaited; the
 * next call that is awaited reports the error again.
 *
 * `Item` is the type that iteration yields: chunks of a stream (until its end), `[data, address]` of a datagram socket, and
 * `[peer, address]` of a listener. Leaving a loop does not close the socket; closing the socket ends a loop without an error.
 *
 * @example
 * ```ts
 * import { socketpair } from "sockwright";
 *
 * const [left, right] = socketpair();
 * await left.sendall("one byte after the other");
 * left.close();
 * for await (const chunk of right) console.log(chunk.toString()); // => one byte after the other
 * right.close();
 * ```
 */
export class Socket<Item = Buffer> extends SocketDescriptor implements AsyncIterable<Item> {
  /** Wraps an open endpoint, or opens a new socket: see {@link SocketConstructor}. @internal */
  constructor(family?: Endpoint | number, type?: number, protocol?: number) {
    super(family instanceof Endpoint ? family : openEndpoint(family, type, protocol));
  }

  // Not a field: close() may replace the endpoint.
  get #endpoint(): Endpoint {
    return SocketDescriptor.endpointOf(this);
  }

  /**
   * Assigns a local address to the socket — bind(2). `host` is numeric, `""` (any address) or `"localhost"` (the family's
   * loopback address); with port 0 the kernel chooses a port. A Unix `path` is created in the file system and stays there after
   * close.
   *
   * @throws SocketError `EADDRINUSE`, `EACCES`, `EADDRNOTAVAIL` … · SockwrightError `ERR_SOCKWRIGHT_NAME` for a host name,
   * `ERR_SOCKWRIGHT_CLOSED` · TypeError or RangeError if `address` is not an address of the socket's family.
   * @example
   * ```ts
   * import { socket } from "sockwright";
   *
   * const server = socket();
   * server.bind({ host: "127.0.0.1", port: 0 });
   * console.log(server.getsockname().host); // => 127.0.0.1
   * server.close();
   * ```
   */
  bind(address: AddressInput): void {
    this.#endpoint.check();
    const { sockaddr, target } = encodeNumericAddress(this.#endpoint.family, address);
    const { slot, generation } = this.#endpoint;
    // Node's messages for a failed bind differ between net and dgram; these do too.
    const style = this.#endpoint.type === SOCK_DGRAM ? "short" : "long";
    succeed(kernel.bind(slot, generation, sockaddr), "bind", target, style);
  }

  /**
   * Makes the socket accept connections — listen(2).
   *
   * @param backlog - the number of connections that may wait to be accepted, 0 to 2^31-1; the kernel limits it to
   * net.core.somaxconn.
   * @returns the same socket, typed as a listener.
   * @throws SocketError `EADDRINUSE`, `ENOTSUP` (C's EOPNOTSUPP: a datagram socket) … · SockwrightError `ERR_SOCKWRIGHT_CLOSED`.
   * @example
   * ```ts
   * import { SO_ACCEPTCONN, SOL_SOCKET, socket } from "sockwright";
   *
   * const server = socket();
   * server.bind({ host: "127.0.0.1", port: 0 });
   * const listener = server.listen(128);
   * console.log(listener.getsockopt(SOL_SOCKET, SO_ACCEPTCONN)); // => 1
   * listener.close();
   * ```
   */
  listen(backlog: number = SOMAXCONN): Listener {
    this.#endpoint.check();
    const { slot, generation } = this.#endpoint;
    const result = kernel.listen(slot, generation, integer("backlog", backlog, 0, 0x7fffffff));
    if (result < 0) throw new SocketError("listen", -result, targetOf(this.getsockname()), "long");
    this.#endpoint.isListener = true;
    return this as unknown as Listener;
  }

  /**
   * Waits for a connection — accept(2). It rejects with every error of accept(2); {@link serve} and iteration retry after the
   * temporary ones.
   *
   * @returns a new socket, which the caller closes, and the peer's address.
   * @throws SocketError `EMFILE`, `ECONNABORTED`, `EINVAL` (not listening) … · SockwrightError `ERR_SOCKWRIGHT_TIMEOUT`,
   * `ERR_SOCKWRIGHT_CLOSED` · AbortError.
   * @example
   * ```ts
   * import { socket } from "sockwright";
   *
   * const server = socket();
   * server.bind({ host: "127.0.0.1", port: 0 });
   * server.listen();
   * const client = socket();
   * const [[peer, address]] = await Promise.all([server.accept(), client.connect(server.getsockname())]);
   * console.log(address.port === client.getsockname().port); // => true
   * for (const each of [server, client, peer]) each.close();
   * ```
   */
  accept(options?: WaitOptions): Promise<Accepted> {
    return mapPromise(accept(this.#endpoint, options), ({ endpoint, address }) => [new Socket(endpoint), address]);
  }

  /**
   * Connects the socket, or sets the peer of a datagram socket — connect(2). A host name is looked up in the socket's own family,
   * and its addresses are tried one after the other until one accepts the connection; the error is that of the last address. The
   * timeout covers the lookup and all attempts; it is divided among the addresses, at least 2 s each. {@link create_connection}
   * tries the addresses of both families at the same time. After a timeout or an abort the socket can only be closed.
   *
   * @throws SocketError `ECONNREFUSED`, `ETIMEDOUT`, `ENOENT` (a Unix path), `EISCONN` (connected before) …; `ENOTFOUND` (a host name) ·
   * SockwrightError `ERR_SOCKWRIGHT_TIMEOUT`, `ERR_SOCKWRIGHT_CLOSED` · AbortError.
   * @example
   * ```ts
   * import { socket } from "sockwright";
   *
   * const client = socket();
   * await client.connect({ host: "127.0.0.1", port: 1 }).catch((error: NodeJS.ErrnoException) => {
   *   console.log(error.message); // => connect ECONNREFUSED 127.0.0.1:1
   * });
   * client.close();
   * ```
   */
  connect(address: AddressInput, options?: WaitOptions): Promise<void> {
    return connect(this.#endpoint, address, options);
  }

  /**
   * Connects like {@link connect}, but returns the errno — Python's connect_ex.
   *
   * @returns 0, or the positive errno. An error without an errno (a timeout, a closed socket) still rejects the promise.
   * @example
   * ```ts
   * import { constants } from "node:os";
   * import { socket } from "sockwright";
   *
   * const client = socket();
   * const errno = await client.connect_ex({ host: "127.0.0.1", port: 1 });
   * console.log(errno === constants.errno.ECONNREFUSED); // => true
   * client.close();
   * ```
   */
  connect_ex(address: AddressInput, options?: WaitOptions): Promise<number> {
    const connected = connect(this.#endpoint, address, options, "connect_ex()");
    const errno = connected.then(
      () => 0,
      (error: unknown) => {
        if (error instanceof SocketError) return -error.errno;
        tolerate(errno, error);
        throw error;
      },
    );
    return errno;
  }

  /**
   * Waits for data and receives it — recv(2).
   *
   * @param count - the most bytes to receive, 0 to 0x7ffff000. The rest of a longer datagram is discarded. On a stream, a receive
   * of 0 bytes returns at once; on other sockets it waits for a datagram or a record and discards it.
   * @returns a new Buffer of the received length, owned by the caller; empty at the end of a stream, or for an empty datagram. It
   * never has more than `count` bytes: with `MSG_TRUNC`, {@link recv_into} returns the real length of a datagram, and bytes that a
   * TCP socket discards are zeros in this Buffer.
   * With `MSG_WAITALL` a stream returns exactly `count` bytes, and fewer only at its end.
   * @throws SocketError `ECONNRESET`, `ENOTCONN` … · SockwrightError `ERR_SOCKWRIGHT_TIMEOUT`, `ERR_SOCKWRIGHT_CLOSED` ·
   * AbortError. A receive that rejects has consumed nothing, except with `MSG_WAITALL`: then `error.received` has the bytes that
   * were received.
   * @example
   * ```ts
   * import { socketpair } from "sockwright";
   *
   * const [left, right] = socketpair();
   * await left.sendall("hello");
   * console.log((await right.recv(1024)).toString()); // => hello
   * left.close();
   * console.log((await right.recv(1024)).length); // => 0
   * right.close();
   * ```
   */
  recv(count: number, options?: ReceiveOptions): Promise<Buffer> {
    return recv(this.#endpoint, count, options);
  }

  /**
   * Receives like {@link recv}, but into the caller's memory and without a copy. The caller must not change or transfer `buffer`
   * until the promise settles.
   *
   * @returns the number of bytes received; 0 at the end of a stream, and at once for an empty `buffer` on a stream. With
   * `MSG_TRUNC` it is the number that C and Python return: the real length of a datagram, even if it is longer than `buffer`, and
   * on TCP the number of bytes discarded, none of which is written to `buffer`.
   * @example
   * ```ts
   * import { socketpair } from "sockwright";
   *
   * const [left, right] = socketpair();
   * const buffer = Buffer.alloc(16);
   * await left.sendall("hello");
   * console.log(await right.recv_into(buffer)); // => 5
   * left.close();
   * right.close();
   * ```
   */
  recv_into(buffer: NodeJS.ArrayBufferView, options?: ReceiveOptions): Promise<number> {
    return recvInto(this.#endpoint, buffer, options);
  }

  /**
   * Receives a message and the sender's address — recvfrom(2). On a connected stream the address is undefined.
   *
   * @example
   * ```ts
   * import { AF_INET, SOCK_DGRAM, socket } from "sockwright";
   *
   * const server = socket(AF_INET, SOCK_DGRAM);
   * server.bind({ host: "127.0.0.1", port: 0 });
   * const client = socket(AF_INET, SOCK_DGRAM);
   * await client.sendto("ping", server.getsockname());
   * const [data, address] = await server.recvfrom(1024);
   * console.log(data.toString(), address?.host); // => ping 127.0.0.1
   * server.close();
   * client.close();
   * ```
   */
  recvfrom(count: number, options?: ReceiveOptions): Promise<[data: Buffer, address: Address | undefined]> {
    return recvfrom(this.#endpoint, count, options);
  }

  /** Receives like {@link recvfrom}, but into the caller's memory; see {@link recv_into}. */
  recvfrom_into(
    buffer: NodeJS.ArrayBufferView,
    options?: ReceiveOptions,
  ): Promise<[bytes: number, address: Address | undefined]> {
    return recvfromInto(this.#endpoint, buffer, options);
  }

  /**
   * Receives a message with its control messages and flags — recvmsg(2). On a stream, a receive of 0 bytes without `control`
   * returns at once, as with {@link recv}.
   *
   * @param options - `control` is the size of the buffer for control messages in bytes (default 0), see {@link CMSG_SPACE}.
   * @example
   * ```ts
   * import { AF_UNIX, CMSG_SPACE, SCM_CREDENTIALS, SO_PASSCRED, SOCK_SEQPACKET, SOL_SOCKET, socketpair } from "sockwright";
   *
   * const [left, right] = socketpair(AF_UNIX, SOCK_SEQPACKET);
   * right.setsockopt(SOL_SOCKET, SO_PASSCRED, 1);
   * await left.send("");
   * const { data, control } = await right.recvmsg(1024, { control: CMSG_SPACE(12) });
   * console.log(data.length, control[0]?.type === SCM_CREDENTIALS); // => 0 true
   * left.close();
   * right.close();
   * ```
   */
  recvmsg(count: number, options?: ReceiveMessageOptions): Promise<Message> {
    return recvmsg(this.#endpoint, count, options);
  }

  /**
   * Receives like {@link recvmsg}, but fills the caller's buffers, at most 1 024, one after the other; see {@link recv_into}.
   */
  recvmsg_into(buffers: readonly NodeJS.ArrayBufferView[], options?: ReceiveMessageOptions): Promise<MessageInto> {
    return recvmsgInto(this.#endpoint, buffers, options);
  }

  /**
   * Sends as much of `data` as the kernel accepts — send(2).
   *
   * @param data - text, sent as UTF-8, or bytes, which the caller must not change until the promise settles.
   * @returns the number of bytes sent; on a stream it may be less than the length of `data`.
   * @throws SocketError `EPIPE`, `ECONNRESET`, `EMSGSIZE`, `ENOBUFS` … · SockwrightError `ERR_SOCKWRIGHT_TIMEOUT`,
   * `ERR_SOCKWRIGHT_CLOSED`, `ERR_SOCKWRIGHT_PARTIAL_SEND` · AbortError.
   * @example
   * ```ts
   * import { socketpair } from "sockwright";
   *
   * const [left, right] = socketpair();
   * console.log(await left.send("héllo")); // => 6
   * left.close();
   * right.close();
   * ```
   */
  send(data: Data, options?: SendOptions): Promise<number> {
    return send(this.#endpoint, data, options);
  }

  /**
   * Sends all of `data` — Python's sendall. The data of concurrent calls is never mixed.
   *
   * @param data - text, sent as UTF-8, or bytes, which the caller must not change until the promise settles.
   * @throws as {@link send}. The error's `bytesSent` is the number of bytes sent before it; after a timeout or an abort in the
   * middle of the data, every later send rejects with `ERR_SOCKWRIGHT_PARTIAL_SEND`.
   * @example
   * ```ts
   * import { socketpair } from "sockwright";
   *
   * const [left, right] = socketpair();
   * await Promise.all([left.sendall("first "), left.sendall("second")]);
   * console.log((await right.recv(1024)).toString()); // => first second
   * left.close();
   * right.close();
   * ```
   */
  sendall(data: Data, options?: SendOptions): Promise<void> {
    return sendall(this.#endpoint, data, options);
  }

  /**
   * Sends a file from the kernel's page cache, without copying its bytes into the process — sendfile(2), Python's sendfile. No
   * other send comes between its parts. The file's own position does not change, and closing the file during the call does not
   * stop it. A thread of libuv's pool reads the parts that are not in memory, 512 KiB at a time, so that the event loop does not
   * wait for a disk; on file systems that cannot tell what is in memory, such as tmpfs and NFS, only the first 512 KiB.
   *
   * @param file - a regular file that is open for reading: a `FileHandle` of `node:fs/promises`, or its descriptor.
   * @param offset - in bytes, 0 to 2^53 - 1; default 0.
   * @param count - the most bytes to send, at least 1; undefined, the default, sends up to the end of the file. If the file grows
   * or shrinks during the call, its end at that moment counts.
   * @returns the number of bytes sent; 0 if `offset` is at or beyond the end.
   * @throws TypeError `ERR_INVALID_ARG_VALUE` if `file` is not a regular file (Python reads and sends it) · RangeError for an
   * invalid offset or count (Python: ValueError) · SockwrightError `ERR_SOCKWRIGHT_NO_SENDFILE` if the socket is not a stream
   * socket, or does not wait (Python: ValueError) · SocketError `EBADF` if the file is closed or not open for reading · others as
   * {@link sendall}, with `bytesSent` and `ERR_SOCKWRIGHT_PARTIAL_SEND`.
   * @example
   * ```ts
   * import { open } from "node:fs/promises";
   * import { socketpair } from "sockwright";
   *
   * const [left, right] = socketpair();
   * const file = await open("package.json");
   * console.log(await left.sendfile(file, 0, 1)); // => 1
   * console.log((await right.recv(16)).toString()); // => {
   * await file.close();
   * left.close();
   * right.close();
   * ```
   */
  sendfile(file: FileHandle | number, offset = 0, count?: number | null, options?: WaitOptions): Promise<number> {
    return sendfile(this.#endpoint, file, offset, count, options);
  }

  /**
   * Sends one message to an address — sendto(2). The host must be numeric, as in {@link bind}.
   *
   * @returns the number of bytes sent.
   * @throws as {@link send}, and SocketError `EACCES` for a broadcast without SO_BROADCAST.
   * @example
   * ```ts
   * import { AF_UNIX, SOCK_DGRAM, socket } from "sockwright";
   *
   * const server = socket(AF_UNIX, SOCK_DGRAM);
   * server.bind({ path: "" }); // an abstract name of the kernel's choice
   * const client = socket(AF_UNIX, SOCK_DGRAM);
   * console.log(await client.sendto("ping", server.getsockname())); // => 4
   * server.close();
   * client.close();
   * ```
   */
  sendto(data: Data, address: AddressInput, options?: SendOptions): Promise<number> {
    return sendto(this.#endpoint, data, address, options);
  }

  /**
   * Sends several buffers as one message, with control messages — sendmsg(2).
   *
   * @param buffers - at most 1 024, which the caller must not change until the promise settles.
   * @returns the number of bytes sent; on a stream it may be less than the total length.
   * @example
   * ```ts
   * import { socketpair } from "sockwright";
   *
   * const [left, right] = socketpair();
   * console.log(await left.sendmsg(["head", Buffer.from("body")])); // => 8
   * left.close();
   * right.close();
   * ```
   */
  sendmsg(buffers: readonly Data[], options?: SendMessageOptions): Promise<number> {
    return sendmsg(this.#endpoint, buffers, options);
  }

  /**
   * Tries once to receive, without waiting — recv(2) with MSG_DONTWAIT.
   *
   * @returns the number of bytes (0 at the end of a stream, and for an empty `buffer` on a stream), or {@link WOULD_BLOCK} if there
   * is no data or an earlier receive still waits.
   * @throws SocketError `ECONNRESET` … · SockwrightError `ERR_SOCKWRIGHT_CLOSED`.
   * @example
   * ```ts
   * import { socketpair, WOULD_BLOCK } from "sockwright";
   *
   * const [left, right] = socketpair();
   * console.log(left.tryRecv(Buffer.alloc(16)) === WOULD_BLOCK); // => true
   * console.log(right.trySend("hello")); // => 5
   * left.close();
   * right.close();
   * ```
   */
  tryRecv(buffer: NodeJS.ArrayBufferView, flags = 0): number | typeof WOULD_BLOCK {
    const endpoint = this.#endpoint;
    endpoint.check();
    const memory = viewOf("buffer", buffer);
    if (isNothing(endpoint, int32("flags", flags), memory.length)) return 0;
    if (!endpoint.receiving.isIdle || endpoint.isConnecting) return WOULD_BLOCK;
    const result = kernel.recv(endpoint.slot, endpoint.generation, memory, 0, memory.length, flags);
    return checkReceived(endpoint, "recv", result, memory.length, flags);
  }

  /**
   * Tries once to send, without waiting — send(2) with MSG_DONTWAIT.
   *
   * @returns the number of bytes sent, or {@link WOULD_BLOCK} if the kernel accepts none or an earlier send of this `Socket` still
   * waits (see {@link dup}).
   * @throws as {@link send}.
   * @example See {@link tryRecv}.
   */
  trySend(data: Data, flags = 0): number | typeof WOULD_BLOCK {
    const endpoint = this.#endpoint;
    endpoint.sending.check();
    endpoint.sending.flush();
    const bytes = bytesOf("data", data);
    if (!endpoint.sending.isIdle) return WOULD_BLOCK;
    const result = kernel.send(endpoint.slot, endpoint.generation, bytes, 0, bytes.length, int32("flags", flags));
    return checkSent(endpoint, "send", result);
  }

  /**
   * Waits until a receive or an accept would return at once: with data, the end, an error or a connection — epoll(7), EPOLLIN.
   *
   * @example
   * ```ts
   * import { socketpair } from "sockwright";
   *
   * const [left, right] = socketpair();
   * await left.sendall("hello");
   * await right.readable();
   * console.log(right.tryRecv(Buffer.alloc(16))); // => 5
   * left.close();
   * right.close();
   * ```
   */
  readable(options?: WaitOptions): Promise<void> {
    return readable(this.#endpoint, options);
  }

  /**
   * Waits until a send would return at once — epoll(7), EPOLLOUT.
   *
   * @example
   * ```ts
   * import { socketpair } from "sockwright";
   *
   * const [left, right] = socketpair();
   * await left.writable();
   * console.log(left.trySend("hello")); // => 5
   * left.close();
   * right.close();
   * ```
   */
  writable(options?: WaitOptions): Promise<void> {
    return writable(this.#endpoint, options);
  }

  /**
   * Accepts every connection and calls `handler` for it. The peer is closed when the handler ends; a peer that the handler turned
   * into a {@link stream} is closed by the stream. A handler that fails closes its own peer only; the error is published on
   * `sockwright:serve:error` and passed to `onError`.
   *
   * @returns a promise that resolves when the listener is closed or `signal` aborts; handlers that still run continue.
   * @throws SocketError when accept(2) fails permanently. A temporary error is published on `sockwright:accept:error`, and accept is
   * retried, at once or after 100 ms.
   * @example
   * ```ts
   * import { socket } from "sockwright";
   *
   * const server = socket();
   * server.bind({ host: "127.0.0.1", port: 0 });
   * const served = server.listen().serve((peer) => peer.sendall("Welcome!"));
   *
   * const client = socket();
   * await client.connect(server.getsockname());
   * console.log((await client.recv(1024)).toString()); // => Welcome!
   * client.close();
   * server.close();
   * await served;
   * ```
   */
  async serve(handler: (peer: Socket, address: Address) => unknown, options: ServeOptions = {}): Promise<void> {
    if (typeof handler !== "function") throw wrongType("handler", "of type function", handler);
    await serve(this.#endpoint, ({ endpoint, address }) => handler(new Socket(endpoint), address), options);
  }

  /**
   * Returns the socket as a Node.js stream, with the members of `net.Socket` that node:http, ws, Express and undici use. From now
   * on the stream receives and sends all data of the socket. It closes the socket when both directions have ended, or when it is
   * destroyed. `end` closes the writing direction only. When the connection is lost, the stream emits `error`, which does not end
   * the process if there is no listener.
   *
   * @throws SockwrightError `ERR_SOCKWRIGHT_NO_STREAM`, `ERR_SOCKWRIGHT_CLOSED` · SocketError `ENOTCONN`.
   * @example
   * ```ts
   * import { createGunzip, gzipSync } from "node:zlib";
   * import { socketpair } from "sockwright";
   *
   * const [left, right] = socketpair();
   * left.stream().end(gzipSync("a stream among others"));
   * for await (const text of right.stream().pipe(createGunzip())) console.log(String(text)); // => a stream among others
   * left.close();
   * right.close();
   * ```
   */
  stream(): SocketStream {
    return new SocketStream(this, this.#endpoint);
  }

  /**
   * Returns the socket as web streams, which own the socket as {@link stream} does. Closing `writable` closes that direction only.
   * After `readable` is cancelled, received data is dropped, and the socket closes when `writable` does.
   *
   * @throws as {@link stream}.
   * @example
   * ```ts
   * import { socketpair } from "sockwright";
   *
   * const [left, right] = socketpair();
   * const writer = left.webStreams().writable.getWriter();
   * await writer.write(Buffer.from("bytes"));
   * await writer.close();
   * for await (const bytes of right.webStreams().readable) console.log(String(Buffer.from(bytes))); // => bytes
   * left.close();
   * right.close();
   * ```
   */
  webStreams(): WebStreams {
    return webStreamsOf(this.stream());
  }

  /**
   * Creates a file of text or bytes on the socket, with its own buffers — Python's makefile. A socket can have any number of
   * files. The descriptor is closed when the socket and all of its files are closed.
   *
   * @param mode - `"r"` (the default), `"w"` or both, and `"b"` for bytes, in any order. A mode with neither `r` nor `w` reads.
   * @throws SockwrightError `ERR_SOCKWRIGHT_CLOSED` · TypeError `ERR_INVALID_ARG_VALUE` for an invalid mode, and for options that
   * do not fit the mode · RangeError. (Python: ValueError, LookupError for an encoding.)
   * @example
   * ```ts
   * import { socketpair } from "sockwright";
   *
   * const [left, right] = socketpair();
   * const [asking, answering] = [left.makefile("rw", { newline: "\r\n" }), right.makefile("rwb")];
   * await asking.write("EHLO example.org\n");
   * await asking.flush();
   * console.log(await answering.readline()); // => <Buffer 45 48 4c 4f 20 65 78 61 6d 70 6c 65 2e 6f 72 67 0d 0a>
   * await answering.write("250 OK\r\n");
   * await answering.flush();
   * console.log(await asking.read(6)); // => 250 OK
   * for (const each of [asking, answering]) await each.close();
   * for (const each of [left, right]) each.close();
   * ```
   */
  makefile(mode?: TextMode, options?: MakefileOptions): SocketFile<string>;
  makefile(mode: BinaryMode, options?: MakefileOptions): SocketFile<Buffer>;
  makefile<Mode extends string>(mode?: KnownMode<Mode>, options?: MakefileOptions): SocketFile;
  makefile(mode = "r", options?: MakefileOptions): SocketFile<string> | SocketFile<Buffer> {
    return makefile(this.#endpoint, mode, options);
  }

  /**
   * Duplicates the descriptor — dup(2). The new socket has its own call queues and its own timeout, initially the same as here. Its
   * descriptor is close-on-exec, and the caller closes it.
   *
   * Calls made before `dup` run first. After that the two sockets do not order their calls with each other: a call on one may
   * overtake a call on the other that waits until the socket is writable or for the next turn of the event loop, and may send
   * between the parts of its `sendall`, as with two threads in C. Where the order matters, await one call before making the next.
   *
   * @throws SocketError `EMFILE` · SockwrightError `ERR_SOCKWRIGHT_CLOSED`.
   * @example
   * ```ts
   * import { socketpair } from "sockwright";
   *
   * const [left, right] = socketpair();
   * const second = left.dup();
   * left.close();
   * await second.sendall("still open");
   * console.log((await right.recv(1024)).toString()); // => still open
   * second.close();
   * right.close();
   * ```
   */
  dup(): Socket<Item> {
    this.#endpoint.check();
    const { slot, generation, family, type, protocol, isListener, timeoutMs } = this.#endpoint;
    this.#endpoint.share();
    const handle = kernel.dup(slot, generation);
    succeed(handle, "dup");
    const endpoint = new Endpoint(handle, family, type, protocol);
    endpoint.isListener = isListener;
    endpoint.timeoutMs = timeoutMs;
    endpoint.share();
    return new Socket<Item>(endpoint);
  }

  /**
   * Yields chunks of at most 64 KiB, datagrams, or connections. Nothing is read ahead.
   *
   * @example See {@link Socket}.
   */
  async *[Symbol.asyncIterator](): AsyncGenerator<Item, void> {
    const endpoint = this.#endpoint;
    // The endpoint decides at run time what is yielded; Item is the same for the compiler.
    if (endpoint.isListener) {
      for await (const { endpoint: peer, address } of connections(endpoint)) yield [new Socket(peer), address] as Item;
    } else {
      yield* (endpoint.type === SOCK_DGRAM ? datagrams(endpoint) : chunks(endpoint)) as AsyncGenerator<Item, void>;
    }
  }
}

function targetOf({ host, port, path, abstract }: Address): { address: string; port?: number } {
  if (host !== undefined) return { address: host, port };
  return { address: path?.toString() ?? `@${String(abstract ?? "")}` };
}
