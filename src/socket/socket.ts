import type { FileHandle } from "node:fs/promises";

import { kernel } from "../native/load.ts";
import { accept } from "./accept.ts";
import { type Address, type AddressInput, encodeNumericAddress } from "./address.ts";
import { bytesOf, type Data, int32, integer, viewOf, wrongType } from "./argument.ts";
import { mapped, tolerate, WOULD_BLOCK } from "./call.ts";
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
import { isNothing, type ReceiveOptions, received, recv, recvfrom, recvfromInto, recvInto } from "./receive.ts";
import { type SendOptions, send, sendall, sendto, sent } from "./send.ts";
import { sendfile } from "./send-file.ts";
import { connections, type ServeOptions, serve } from "./serve.ts";
import { SocketDescriptor } from "./socket-descriptor.ts";
import { SocketError, succeed } from "./socket-error.ts";
import type { SocketFile } from "./socket-file.ts";
import { SocketStream } from "./stream.ts";
import type { WaitOptions } from "./wait-options.ts";
import { type WebStreams, webStreamsOf } from "./web-streams.ts";

/** An item of a datagram socket: the data, and the sender's address. */
export type Datagram = [data: Buffer, address: Address];
/** An item of a listener: the socket of an accepted connection, and its peer's address. */
export type Accepted = [peer: Socket, address: Address];
/** A socket after `listen()`. */
export type Listener = Socket<Accepted>;

/**
 * A BSD socket, socket(7): the calls of C and Python under their own names. What can wait returns a promise; what cannot
 * is synchronous. Calls of one direction are made in the order in which they were asked for. Made by {@link socket},
 * {@link socketpair} and {@link Socket.accept}; whoever made it closes it.
 *
 * A rejection that a peer, a close, a time-out or a signal can cause never ends the process where nobody awaits the
 * call; the next call that is awaited tells it again.
 *
 * `Item` is what iteration gives: chunks of a stream (until its end), `[data, address]` of a datagram socket, and
 * `[peer, address]` of a listener. Leaving a loop closes nothing; closing the socket ends a loop quietly.
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
  /** One that is open already, or a new one: see {@link SocketConstructor}. @internal */
  constructor(family?: Endpoint | number, type?: number, protocol?: number) {
    super(family instanceof Endpoint ? family : openEndpoint(family, type, protocol));
  }

  // No field of its own: close() may put another one in its place.
  get #endpoint(): Endpoint {
    return SocketDescriptor.endpointOf(this);
  }

  /**
   * Gives the socket its own address — bind(2). A host is numeric, `""` (any address) or `"localhost"` (the family's
   * loopback); port 0 lets the kernel choose. A Unix `path` is created in the file system and stays there after close.
   *
   * @throws SocketError `EADDRINUSE`, `EACCES`, `EADDRNOTAVAIL` … · SockwrightError `ERR_SOCKWRIGHT_NAME` for a host name,
   * `ERR_SOCKWRIGHT_CLOSED` · TypeError, RangeError for what is no address of the family.
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
    // Node words a failed TCP or pipe bind and a failed dgram bind differently; so do we.
    const style = this.#endpoint.type === SOCK_DGRAM ? "short" : "long";
    succeed(kernel.bind(slot, generation, sockaddr), "bind", target, style);
  }

  /**
   * Makes the socket accept connections — listen(2). Gives the same socket, typed as a listener.
   *
   * @param backlog - connections that may wait to be accepted, 0 to 2^31-1; the kernel cuts it at net.core.somaxconn.
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
   * Waits for a connection — accept(2). Errors are thrown as in C; {@link serve} and iteration survive the passing ones.
   *
   * @returns a socket of the caller's, and the peer's address.
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
    return mapped(accept(this.#endpoint, options), ({ endpoint, address }) => [new Socket(endpoint), address]);
  }

  /**
   * Connects, or gives a datagram socket its peer — connect(2). A host name is looked up in the socket's own family, and its
   * addresses are tried one after the other until one takes the connection; the error is the last one's. The time-out holds
   * for all of it, and is shared out among the addresses, 2 s for each at least; {@link create_connection} tries them at the
   * same time, and both families. After a time-out or abort the socket can only be closed.
   *
   * @throws SocketError `ECONNREFUSED`, `ETIMEDOUT`, `ENOENT` (a Unix path), `EISCONN` (connected before) …; `ENOTFOUND` (of a name) ·
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
   * As {@link connect}, with the errno as a value — Python's connect_ex.
   *
   * @returns 0, or the positive errno. What has no errno behind it (a time-out, a closed socket) is still thrown.
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
   * Waits for data — recv(2).
   *
   * @param count - at most so many bytes, 0 to 0x7ffff000. Of a datagram, the rest is discarded. Of a stream, 0 bytes are
   * given at once, whatever has come; a receive of 0 bytes takes a datagram or a record, and waits for it.
   * @returns a Buffer of the caller's, fitted to what came; empty at the end of a stream, or for an empty datagram. It
   * never has more than `count` bytes: with `MSG_TRUNC` the real length of a datagram is what {@link recv_into} gives, and
   * bytes that a TCP socket discards for it are zeros.
   * With `MSG_WAITALL` a stream gives exactly `count` bytes, or less only at its end.
   * @throws SocketError `ECONNRESET`, `ENOTCONN` … · SockwrightError `ERR_SOCKWRIGHT_TIMEOUT`, `ERR_SOCKWRIGHT_CLOSED` ·
   * AbortError. A receive that ends this way has taken nothing, and one of `MSG_WAITALL` leaves it in `error.received`.
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
   * As {@link recv}, into the caller's memory, without a copy. `buffer` is lent until the promise settles.
   *
   * @returns the number of bytes; 0 at the end of a stream, and at once for an empty `buffer` there. With `MSG_TRUNC` it is what C and Python give: the real length
   * of a datagram, also above that of `buffer`, and of TCP how much was discarded, without a byte of it written.
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
   * Waits for a message and its sender — recvfrom(2). On a connected stream the address is undefined.
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

  /** As {@link recvfrom}, into the caller's memory; see {@link recv_into}. */
  recvfrom_into(
    buffer: NodeJS.ArrayBufferView,
    options?: ReceiveOptions,
  ): Promise<[bytes: number, address: Address | undefined]> {
    return recvfromInto(this.#endpoint, buffer, options);
  }

  /**
   * Waits for a message with its control messages and flags — recvmsg(2). Of a stream, 0 bytes without `control` are given
   * at once, as by {@link recv}.
   *
   * @param options - `control` is the room for control messages in bytes (default 0), see {@link CMSG_SPACE}.
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

  /** As {@link recvmsg}, into the caller's buffers, at most 1 024, one after the other; see {@link recv_into}. */
  recvmsg_into(buffers: readonly NodeJS.ArrayBufferView[], options?: ReceiveMessageOptions): Promise<MessageInto> {
    return recvmsgInto(this.#endpoint, buffers, options);
  }

  /**
   * Sends what the kernel takes — send(2).
   *
   * @param data - text as UTF-8, or bytes, lent until the promise settles.
   * @returns the number of bytes sent, on a stream perhaps fewer than given.
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
   * Sends all of `data` — Python's sendall. Concurrent calls never interleave.
   *
   * @param data - text as UTF-8, or bytes, lent until the promise settles.
   * @throws as {@link send}. The error's `bytesSent` tells how much had gone; when a time-out or an abort cut the data in
   * the middle, every later send is `ERR_SOCKWRIGHT_PARTIAL_SEND`.
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
   * Sends a file, without its bytes coming here — sendfile(2), Python's sendfile. No other send comes between its parts. The
   * file's own position stays where it is, and whoever closes the file meanwhile does not stop it. What is not in memory is brought in by
   * one of libuv's threads, 512 KiB at a time, so that the process does not wait for a disk; where the file system cannot tell what
   * is in memory, as tmpfs and NFS, only the first 512 KiB.
   *
   * @param file - a regular file that is open for reading: a `FileHandle` of `node:fs/promises`, or its descriptor.
   * @param offset - in bytes, 0 to 2^53 - 1; default 0.
   * @param count - at most so many bytes, at least 1; undefined, the default, is all until the end. The end is where the file has
   * it when it is reached, should it grow or shrink.
   * @returns the number of bytes sent; 0 at or behind the end.
   * @throws TypeError `ERR_INVALID_ARG_VALUE` for what is no regular file (Python reads and sends it) · RangeError for an offset or
   * a count that cannot be (Python: ValueError) · SockwrightError `ERR_SOCKWRIGHT_NO_SENDFILE` for a socket of another type, and
   * for one that does not wait (Python: ValueError) · others as {@link sendall}, whose `bytesSent` and `ERR_SOCKWRIGHT_PARTIAL_SEND`
   * it has, too; SocketError `EBADF` for a file that is closed, or not open for reading.
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
   * Sends one message to an address — sendto(2); numeric hosts only, as in {@link bind}.
   *
   * @returns the number of bytes sent.
   * @throws as {@link send}; and SocketError `EACCES` for a broadcast without SO_BROADCAST.
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
   * @param buffers - at most 1 024, lent until the promise settles.
   * @returns the number of bytes sent, on a stream perhaps fewer than given.
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
   * One attempt to receive, now — recv(2) with MSG_DONTWAIT.
   *
   * @returns the number of bytes (0 at the end, and for an empty `buffer` of a stream), or {@link WOULD_BLOCK}, also while an earlier receive waits.
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
    const room = viewOf("buffer", buffer);
    if (isNothing(endpoint, int32("flags", flags), room.length)) return 0;
    if (!endpoint.receiving.isIdle || endpoint.isConnecting) return WOULD_BLOCK;
    const result = kernel.recv(endpoint.slot, endpoint.generation, room, 0, room.length, flags);
    return received(endpoint, "recv", result, room.length, flags);
  }

  /**
   * One attempt to send, now — send(2) with MSG_DONTWAIT.
   *
   * @returns the number of bytes sent, or {@link WOULD_BLOCK}, also while an earlier send of this `Socket` waits: see {@link dup}.
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
    return sent(endpoint, "send", result);
  }

  /**
   * Waits until a receive or an accept would not wait: data, the end, an error, a connection — epoll(7), EPOLLIN.
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
   * Waits until a send would not wait — epoll(7), EPOLLOUT.
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
   * Serves every connection with a function of its own: accepts, runs `handler`, closes the peer when it ends, unless it was made
   * a {@link stream}, which closes it then. A handler that fails loses its own peer only; the failure is published on `sockwright:serve:error` and given to `onError`.
   *
   * @returns when the listener is closed or `signal` aborts; handlers that still run go on.
   * @throws SocketError when accept(2) fails for good; what passes is retried, at once or after 100 ms, and published on
   * `sockwright:accept:error`.
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
   * The socket as a stream of Node's, with what `net.Socket` has for node:http, ws, Express and undici: it receives and sends all
   * from now on, and closes the socket when it is closed itself: ended in both directions, or destroyed. `end` is a half-close.
   * What the socket is lost by is its `error`, which ends no process where nobody listens for it.
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
   * The socket as streams of the web platform, on the same terms as {@link stream}. Closing `writable` is a half-close. Who cancels
   * `readable` wants nothing more: what still comes is dropped, and the socket closed once `writable` is.
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
   * A file of the socket, of text or of bytes, with buffers of its own — Python's makefile. Any number of them can be made. The
   * descriptor is closed when the socket and the last of its files are: each has to be closed.
   *
   * @param mode - `"r"` (the default), `"w"` or both, and `"b"` for bytes, in any order. What has neither `r` nor `w` reads.
   * @throws SockwrightError `ERR_SOCKWRIGHT_CLOSED` · TypeError `ERR_INVALID_ARG_VALUE` for a mode that is none, and for options
   * that the mode cannot have · RangeError. (Python: ValueError, LookupError for an encoding.)
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
   * A second descriptor of the same socket, with queues of its own, and with a time-out of its own that begins as this one's —
   * dup(2). It is close-on-exec, and the caller closes it.
   *
   * What was asked for before is done before. After that neither of the two knows what waits at the other: a call of one may
   * overtake a call of the other that waits, for room or for the next turn of the event loop, and come between the parts of its
   * `sendall`, as with two threads in C. Await the one before the other where the order matters.
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
   * Chunks of at most 64 KiB, datagrams, or connections. Nothing is read ahead.
   *
   * @example See {@link Socket}.
   */
  async *[Symbol.asyncIterator](): AsyncGenerator<Item, void> {
    const endpoint = this.#endpoint;
    // What the socket is at run time decides what it yields; Item says the same to the compiler.
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
