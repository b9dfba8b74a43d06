import type { PathLike } from "node:fs";
import type { FileHandle } from "node:fs/promises";
import { type Codec, checkCodec } from "../../codec/codec.ts";
import type { ProxyHeader } from "../../codec/proxy-header.ts";
import { NO_PLACE } from "../../native/placed-list.ts";
import {
  bytesOf,
  checkOptions,
  type Data,
  integer,
  rejectWith,
  tryPromise,
  type WebStreams,
  webStreamsOf,
  wrongType,
  wrongValue,
} from "../../socket/values.ts";
import { ConnectionError, isError } from "../transport/connection-error.ts";
import type { Link } from "../transport/link.ts";
import { runIn, withBase } from "../transport/link-decorator.ts";
import type { Peer } from "../transport/peer.ts";
import type { PeerCredentials } from "../transport/peer-credentials.ts";
import type { TlsInfo } from "../transport/tls-info.ts";
import { type ConnectionDeadline, ConnectionDeadlines } from "./connection-deadline.ts";
import { nextConnectionId } from "./connection-id.ts";
import { DEFAULT_MAX_READ_BUFFER_BYTES } from "./connection-options.ts";
import type { ConnectionOwner, ConnectionStopper } from "./connection-owner.ts";
import type { ConnectionStats } from "./connection-stats.ts";
import { type FileWaiter, type GivenPart, giveFile, isOfFile, type SendFileOptions, sendFile } from "./file-sending.ts";
import { Frames } from "./frames.ts";
import { type HeldBack, Input, type InputPhase } from "./input.ts";
import { checkLinger, LINGER_MS, type LingerOptions, linger } from "./linger.ts";
import { Output } from "./output.ts";
import { type ConnectionPolicy, DEFAULT_POLICY } from "./policy.ts";
import { BytePush, type ByteTaker, type Push, TakerPush } from "./push.ts";
import { MAX_READ_BYTES, NEXT_PIECE, type Read, ReadAtMost, ReadExactly, ReadUntil } from "./read.ts";
import { ConnectionStream } from "./stream.ts";
import { rejectTolerated, tolerate, tolerateIf, WatchedPromise } from "./unawaited.ts";
import type { UpgradeTlsOptions } from "./upgrade-tls.ts";
import { checkWait, LIMITED_READ, type LimitedRead, type WaitOptions, waitOf } from "./wait.ts";

const DONE = Promise.resolve();

/**
 * One connection of a server or a client, over any transport. A program reads it by promise ({@link read}, {@link readExactly},
 * {@link readUntil}) or by push ({@link onBytes}), one of them at a time. When the peer is lost, reads reject with the error of the
 * system call, writes return false, and {@link signal} aborts.
 *
 * A peer that sends requests and reads no answers cannot fill the memory with answers. When 64 KiB or more wait to be sent, an accepted
 * connection pauses `onBytes` and `onFrame` until fewer than 32 KiB wait; while 1 MiB waits, it pauses all reading. A connection made
 * by `connect` always reads, so that two programs that both write much do not wait for each other.
 *
 * @example
 * ```ts
 * import { connect, serve } from "sockwright/server";
 *
 * const server = await serve("tcp://127.0.0.1:0", async (connection) => {
 *   for (;;) {
 *     const line = await connection.readUntil("\n", { maxBytes: 1_024 });
 *     if (line === undefined) return;
 *     connection.write(`you said ${line}`);
 *     await connection.drained();
 *   }
 * });
 * const client = await connect(server.urls[0] ?? "");
 * client.write("hello\n");
 * console.log(String(await client.readUntil("\n")).trim()); // => you said hello
 * await client.close();
 * await server.close();
 * ```
 */
export class Connection {
  /** The id of the connection, unique in this process: see {@link Server.abort}. */
  readonly id: number;
  /** The place in the server's list of connections. @internal */
  place = NO_PLACE;
  /** The owner, which the connection tells of its state. @internal */
  owner: ConnectionOwner | undefined;
  /** The host of the URL that a client has connected to: the name that the server's certificate must have. @internal */
  targetHost: string | undefined;
  /** Called when the server closes; it ends the input once the requests in progress have finished. @internal */
  stopper: ConnectionStopper | undefined;
  readonly #policy: ConnectionPolicy;
  #link: Link;
  readonly #input: Input;
  readonly #output: Output;
  readonly #openedMs = performance.now();
  #closedMs: number | undefined;
  #closing: Promise<void> | undefined;
  #aborter: AbortController | undefined;
  #holds = 0;
  /** The service's function has returned: the owner is told when no push or hold keeps the connection open any more. */
  #notifiesOwner = false;
  #deadlines: ConnectionDeadlines | undefined;
  #proxy: ProxyHeader | undefined;

  /** @internal */
  constructor(link: Link, policy: ConnectionPolicy = DEFAULT_POLICY, id = nextConnectionId()) {
    this.id = id;
    this.#policy = policy;
    this.#link = link;
    this.#input = new Input(link, this);
    this.#output = new Output(link, this, this.#input);
    link.open(this.#input, this.#output);
  }

  /** The address of the peer. Where a proxy has sent a PROXY header, it is that of the proxy's client. */
  get peer(): Peer {
    return this.#link.peer;
  }

  /**
   * The PROXY header with which the connection began: the address to which the proxy's client had connected, and the header's TLVs.
   * Undefined where the listener has no `proxyFrom`. Its content is as trustworthy as the proxy.
   *
   * @example
   * ```ts
   * import { connect, serve } from "sockwright/server";
   *
   * const server = await serve("tcp://127.0.0.1:0?proxy-from=127.0.0.1", (connection) => {
   *   const { proxy } = connection;
   *   if (proxy?.command === "proxy" && proxy.family === "inet") connection.write(`to ${proxy.destination.host}`);
   * });
   * const client = await connect(server.urls[0] ?? "");
   * client.write("PROXY TCP4 192.0.2.7 198.51.100.1 50000 80\r\n");
   * console.log(String(await client.read())); // => to 198.51.100.1
   * await client.close();
   * await server.close();
   * ```
   */
  get proxy(): ProxyHeader | undefined {
    return this.#proxy;
  }

  /**
   * The process, user and group of the peer of a Unix socket — SO_PEERCRED, unix(7). Undefined for all other sockets, and once the
   * connection is closed.
   *
   * @throws ConnectionError `ERR_SOCKWRIGHT_NO_CREDENTIALS` for a Unix socket of `node:net`, which cannot read them.
   * @example
   * ```ts
   * import { connect, serve } from "sockwright/server";
   *
   * const server = await serve(`unix:@sockwright-${process.pid}`, async (connection) => {
   *   const isMine = connection.peerCredentials?.uid === process.getuid?.();
   *   connection.write(isMine ? "come in" : "go away");
   * });
   * const client = await connect(server.urls[0] ?? "");
   * console.log(String(await client.read())); // => come in
   * await client.close();
   * await server.close();
   * ```
   */
  get peerCredentials(): PeerCredentials | undefined {
    return this.#isClosed() ? undefined : this.#link.peerCredentials;
  }

  /**
   * What the TLS handshake has negotiated; undefined without TLS.
   *
   * @example See {@link upgradeTls}.
   */
  get tls(): TlsInfo | undefined {
    return this.#link.tls;
  }

  /**
   * A signal that aborts when the connection is lost or aborted; its reason is the error. Once a program has read this property, the
   * signal reports a reset even while nothing reads; over `node:net` only while something reads. The peer's end is no loss.
   */
  get signal(): AbortSignal {
    if (this.#aborter === undefined) {
      this.#aborter = new AbortController();
      if (!this.#isClosed()) this.#link.awaitLoss?.();
    }
    if (this.failure !== undefined) this.#aborter.abort(this.failure);
    return this.#aborter.signal;
  }

  /** The number of received bytes, read or not. See {@link Connection.stats}. */
  get bytesRead(): number {
    return this.#input.bytesRead;
  }

  /** The number of sent bytes: those that the kernel has taken. See {@link Connection.stats}. */
  get bytesWritten(): number {
    return this.#output.bytesWritten;
  }

  /**
   * Returns the counters of the connection: a plain object that does not change later.
   *
   * @example
   * ```ts
   * import { connect, serve } from "sockwright/server";
   *
   * const server = await serve("tcp://127.0.0.1:0", async (connection) => {
   *   connection.write(await connection.readExactly(5));
   * });
   * const client = await connect(server.urls[0] ?? "");
   * client.write("hello");
   * await client.readExactly(5);
   * console.log(client.stats().bytesWritten, client.stats().bytesRead); // => 5 5
   * await client.close();
   * await server.close();
   * ```
   */
  stats(): ConnectionStats {
    const { bytesRead, bytesUnread } = this.#input;
    const { bytesWritten, bytesWaiting, writesDropped } = this.#output;
    const { openedAt } = this;
    const durationMs = (this.#closedMs ?? performance.now()) - this.#openedMs;
    return { bytesRead, bytesUnread, bytesWritten, bytesWaiting, writesDropped, openedAt, durationMs };
  }

  /** When the connection was opened, by the wall clock. @internal */
  get openedAt(): Date {
    return new Date(performance.timeOrigin + this.#openedMs);
  }

  /** Whether `close` was called. The connection may still be sending, or waiting for the peer's end. @internal */
  get isClosing(): boolean {
    return this.#closing !== undefined;
  }

  /** The error that lost or aborted the connection, if one did. @internal */
  get failure(): Error | undefined {
    return this.#input.failure;
  }

  /**
   * Reads the next bytes: at least one, or a whole record. With `maxBytes` it returns all received bytes of a stream up to that
   * number, as recv(2) does. Undefined when the peer has ended.
   *
   * @param options - `maxBytes` alone, or the most bytes to take and how long to wait.
   * @throws the error of the system call that lost the connection: `ECONNRESET` … · ConnectionError `ERR_SOCKWRIGHT_READING`,
   * and `ERR_SOCKWRIGHT_TIMEOUT` after `timeoutMs` · AbortError. These three leave the connection unchanged.
   * @example
   * ```ts
   * import { connect, serve } from "sockwright/server";
   *
   * const server = await serve("tcp://127.0.0.1:0", async (connection) => {
   *   connection.write("hello");
   *   await connection.read();
   * });
   * const client = await connect(server.urls[0] ?? "");
   * console.log(String(await client.read({ maxBytes: 4 }))); // => hell
   * console.log(String(await client.read({ timeoutMs: 5_000 }))); // => o
   * await client.read({ timeoutMs: 50 }).catch((error: unknown) => {
   *   console.log(error instanceof Error && "code" in error && error.code); // => ERR_SOCKWRIGHT_TIMEOUT
   * });
   * await client.close();
   * await server.close();
   * ```
   */
  read(options?: number | LimitedRead): Promise<Buffer | undefined> {
    if (options === undefined) return this.#input.read(NEXT_PIECE);
    return tryPromise(() => {
      // A numeric string gets the error message that shows a number.
      if (typeof options !== "object") return this.#input.read(this.#readAtMost("maxBytes", options));
      checkOptions("connection.read()", options, LIMITED_READ);
      const { maxBytes } = options;
      const read = maxBytes === undefined ? NEXT_PIECE : this.#readAtMost("options.maxBytes", maxBytes);
      return this.#input.read(read, waitOf(options));
    });
  }

  /**
   * Reads exactly `count` bytes. `count` may exceed `maxReadBufferBytes`, which limits only unread bytes. See {@link Connection}.
   *
   * @param count - 0 to 16 MiB.
   * @throws as {@link read} · ConnectionError `ERR_SOCKWRIGHT_UNEXPECTED_END` when the peer ends before; the
   * bytes received until then can still be read.
   */
  readExactly(count: number, options?: WaitOptions): Promise<Buffer> {
    return tryPromise(() => {
      const read = new ReadExactly(integer("count", count, 0, MAX_READ_BYTES));
      return this.#input.read(read, checkWait("connection.readExactly()", options));
    });
  }

  /**
   * Reads up to and including the delimiter. Undefined when the peer has ended and no bytes are left. See {@link Connection}.
   *
   * @throws as {@link readExactly} · ConnectionError `ERR_SOCKWRIGHT_TOO_LONG` when `maxBytes` come without the delimiter; the
   * received bytes can still be read.
   */
  readUntil(delimiter: Data, options?: LimitedRead): Promise<Buffer | undefined> {
    return tryPromise(() => {
      const end = bytesOf("delimiter", delimiter);
      if (end.length === 0) throw wrongValue("delimiter", "must not be empty", delimiter);
      checkOptions("connection.readUntil()", options, LIMITED_READ, (most) => `, such as { maxBytes: ${most} }`);
      const { maxBytes = DEFAULT_MAX_READ_BUFFER_BYTES } = options ?? {};
      integer("options.maxBytes", maxBytes, 1, MAX_READ_BYTES);
      return this.#input.read(new ReadUntil(end, maxBytes), waitOf(options));
    });
  }

  /** Iterates over the received pieces until the peer ends. See {@link end}. */
  async *[Symbol.asyncIterator](): AsyncGenerator<Buffer, void> {
    for (;;) {
      const piece = await this.read();
      if (piece === undefined) return;
      yield piece;
    }
  }

  /**
   * Calls `take` with received bytes as soon as they arrive, without a promise for each piece. The bytes are valid only during the
   * call. The returned promise resolves when the peer has ended, and rejects when the connection is lost. An error that `take` throws
   * aborts the connection. An accepted connection pauses the push when 64 KiB or more wait to be sent.
   *
   * The connection does not await an async `take`: it passes the next bytes at once, so the bytes are valid until the first `await`.
   * A rejection aborts the connection, as a throw does. A server keeps the connection open until the function has settled.
   *
   * The second argument of `take` is the push, which `take` can pause and stop: see {@link Push}.
   *
   * @example
   * ```ts
   * import { connect, serve } from "sockwright/server";
   *
   * const server = await serve("tcp://127.0.0.1:0", (connection) =>
   *   connection.onBytes((bytes) => {
   *     connection.write(bytes);
   *   }),
   * );
   * const client = await connect(server.urls[0] ?? "");
   * client.write("echo");
   * console.log(String(await client.readExactly(4))); // => echo
   * await client.close();
   * await server.close();
   * ```
   */
  onBytes(take: (bytes: Uint8Array, push: Push) => void): Promise<void> {
    if (typeof take !== "function")
      return rejectWith(wrongType("take", "of type function, such as (bytes) => …", take));
    return this.#input.onBytes(new BytePush(this.#input, take));
  }

  /**
   * Returns the connection as frames of a codec instead of bytes, to read by iteration or by push, and to write. Reading begins where
   * the last read ended, also where that read frames of another codec. See {@link Frames}.
   *
   * @example
   * ```ts
   * import { lines } from "sockwright/codec";
   * import { connect, serve } from "sockwright/server";
   *
   * const server = await serve("tcp://127.0.0.1:0", async (connection) => {
   *   const frames = connection.frames(lines({ maxFrameBytes: 1_024 }));
   *   for await (const line of frames) {
   *     frames.write(`you said ${line}`);
   *     await connection.drained();
   *   }
   * });
   * const client = await connect(server.urls[0] ?? "");
   * const answers = client.frames(lines());
   * answers.write("hello");
   * console.log((await answers.next()).value); // => you said hello
   * await client.close();
   * await server.close();
   * ```
   */
  frames<In, Out>(codec: Codec<In, Out>): Frames<In, Out> {
    checkCodec("codec", codec);
    return new Frames(this.#input, this.#output, codec);
  }

  /**
   * Returns the connection as a Node stream that begins with the unread bytes. It has the members of `net.Socket` that node:http, ws,
   * Express and undici use. The stream is the only reader from now on, and keeps the connection open until the stream is closed: ended
   * in both directions, or destroyed. When the connection is lost, the stream emits `error` with the code of the system call. Unlike
   * the `error` of a `net.Socket`, that event does not end the process where it has no listener: a server reports the error to
   * `onError` anyway. An error that the program itself passes to `destroy` does.
   *
   * - `write` returns false, and `drain` follows, by the water marks of the connection: `highWaterBytes` may wait in the connection,
   *   and as many again in the stream.
   * - `end` is a half-close: reading goes on. `destroySoon` sends the waiting bytes and closes.
   * - `destroy` closes, and resets the connection where bytes still wait; with an error it resets in any case.
   * - A server that closes ends the input of the stream, as of every reader. A `http.Server` that is to answer the requests in
   *   progress then needs its property `httpAllowHalfOpen`, as for clients that end before the answer.
   * - A `http.Server` that does not listen itself applies `headersTimeout` and `requestTimeout` only after `http.emit("listening")`.
   *
   * @throws ConnectionError `ERR_SOCKWRIGHT_READING` while another reader waits, and for a second stream; `ERR_SOCKWRIGHT_RECORDS` for
   * a connection that carries records.
   * @example
   * ```ts
   * import { createServer, get } from "node:http";
   * import { connect, serve } from "sockwright/server";
   *
   * const http = createServer((_request, response) => response.end("hello"));
   * const server = await serve("tcp://127.0.0.1:0", (connection) => {
   *   http.emit("connection", connection.stream());
   * });
   * const client = await connect(server.urls[0] ?? "");
   * const response = await new Promise<AsyncIterable<Buffer>>((resolve, reject) => {
   *   get({ createConnection: () => client.stream(), headers: { connection: "close" } }, resolve).on("error", reject);
   * });
   * for await (const text of response) console.log(String(text)); // => hello
   * await client.close();
   * await server.close();
   * ```
   */
  stream(): ConnectionStream {
    return new ConnectionStream(this, this.#input, this.#output);
  }

  /**
   * Returns the connection as web streams that begin with the unread bytes, on the same terms as {@link stream}. Closing `writable`
   * is a half-close; aborting it resets the connection. After a cancel of `readable` the connection drops all received bytes, and
   * closes once `writable` is closed.
   *
   * @throws as {@link stream}.
   * @example
   * ```ts
   * import { connect, serve } from "sockwright/server";
   *
   * const server = await serve("tcp://127.0.0.1:0", async (connection) => {
   *   const { readable, writable } = connection.webStreams();
   *   await readable.pipeTo(writable);
   * });
   * const client = await connect(server.urls[0] ?? "");
   * const { readable, writable } = client.webStreams();
   * const writer = writable.getWriter();
   * await writer.write(Buffer.from("echo"));
   * await writer.close();
   * for await (const bytes of readable) console.log(String(Buffer.from(bytes))); // => echo
   * await server.close();
   * ```
   */
  webStreams(): WebStreams {
    return webStreamsOf(this.stream());
  }

  /**
   * Copies data into the write buffer, to be sent at the end of the turn: all writes of a turn leave in one system call; on a record
   * transport each write is a record. Returns false when 64 KiB or more wait to be sent: then await {@link drained}. Where more than
   * 16 MiB would wait, the connection aborts with `ERR_SOCKWRIGHT_WRITE_BUFFER_FULL`, or does what `whenWriteBufferFull` says.
   * {@link ConnectionOptions} sets these numbers. See {@link Connection}.
   *
   * @throws ConnectionError `ERR_SOCKWRIGHT_ENDED`; with `whenWriteBufferFull: "throw"` also `ERR_SOCKWRIGHT_WRITE_BUFFER_FULL` ·
   * TypeError.
   */
  write(data: Data): boolean;
  write(data: Data, more?: unknown): boolean {
    // Node streams take a callback and an encoding here. A program that passes a callback would wait for it in vain.
    if (typeof more === "function")
      throw wrongType("callback", "left out: await drained(), or flushed(), after write", more);
    if (typeof more === "string") throw wrongType("encoding", `left out: write(Buffer.from(data, "${more}"))`, more);
    return this.#output.write(data);
  }

  /**
   * Sends bytes as {@link write} does, with the same limits, order and result, but without a copy: the caller must not change the
   * bytes until {@link flushed} has settled or the connection has ended. For large data that goes to many peers, or that the caller
   * does not need any more. Each waiting call counts 64 bytes more than its length. Over `node:net` the bytes are copied when they
   * leave.
   *
   * @throws as {@link write} · where their memory is detached before they have left, the connection aborts with a TypeError.
   * @example
   * ```ts
   * import { type Connection, connect, serve } from "sockwright/server";
   *
   * const page = Buffer.alloc(1024 * 1024, "x"); // one, for all clients
   * const server = await serve("tcp://127.0.0.1:0", async (connection: Connection) => {
   *   connection.writeLent(page);
   *   await connection.flushed();
   * });
   * const client = await connect(server.urls[0] ?? "");
   * console.log((await client.readExactly(page.length)).equals(page)); // => true
   * await client.close();
   * await server.close();
   * ```
   */
  writeLent(bytes: Uint8Array): boolean {
    return this.#output.writeLent(bytes);
  }

  /**
   * Settles when fewer than 32 KiB wait to be sent; at once when the last `write` returned true. See {@link Connection}.
   *
   * @throws the error that lost the connection · ConnectionError `ERR_SOCKWRIGHT_TIMEOUT`, AbortError, as {@link read}.
   */
  drained(options?: WaitOptions): Promise<void> {
    return options === undefined
      ? this.#output.drained()
      : tryPromise(() => this.#output.drained(checkWait("connection.drained()", options)));
  }

  /**
   * Settles when the kernel (over `node:net`: Node) has taken everything written up to this call, and the files in progress. It does
   * not wait for later writes.
   *
   * @throws as {@link drained}.
   * @example
   * ```ts
   * import { connect, serve } from "sockwright/server";
   *
   * const server = await serve("tcp://127.0.0.1:0", async (connection) => {
   *   connection.write("goodbye");
   *   await connection.flushed({ timeoutMs: 5_000 });
   *   console.log(connection.bytesWritten); // => 7
   * });
   * const client = await connect(server.urls[0] ?? "");
   * await client.readExactly(7);
   * await client.close();
   * await server.close();
   * ```
   */
  flushed(options?: WaitOptions): Promise<void> {
    return options === undefined
      ? this.#output.flushed()
      : tryPromise(() => this.#output.flushed(checkWait("connection.flushed()", options)));
  }

  /**
   * Sends a file, or a part of it, no faster than the peer takes it. The file leaves after everything written before, other files
   * included; later writes wait for it. {@link flushed}, {@link end} and {@link close} wait for it, as for a write. The kernel copies
   * the file itself with sendfile(2), at most 2 MiB in a turn; over `node:net`, and for files that sendfile(2) does not support, the
   * file is read in pieces of 32 KiB. A libuv thread first reads the pages that are not in memory, 512 KiB at a time for each
   * connection; where the file system cannot tell which pages are in memory, as tmpfs and NFS, only the first 512 KiB. Settles when
   * the kernel (over `node:net`: Node) has taken all of it; until then {@link bytesWritten} shows the progress.
   *
   * @param source - a path, which this call opens and closes; or an open file or its descriptor, which keeps its position, and which
   * the caller must keep open until the promise settles. It must be a regular file: no pipe, device, socket or directory. Bytes
   * appended meanwhile are not sent.
   * @param options - `head` leaves right before the file, and only where the file can be sent.
   * @returns the number of bytes of the file that were sent; fewer than `length` when the file has no more.
   * @throws the error of the file: `ENOENT`, `EACCES`, `EISDIR` … · the error that lost the connection · ConnectionError
   * `ERR_SOCKWRIGHT_ENDED`, `ERR_SOCKWRIGHT_NOT_A_FILE`, `ERR_SOCKWRIGHT_RECORDS`, `ERR_SOCKWRIGHT_FILE_SHRANK` · TypeError · RangeError.
   * An error after the first bytes aborts the connection, and so does an error of the file when the caller does not await the promise:
   * the peer must not take a part for the whole. Such a rejection does not end the process, as a peer may have named the file.
   * `.then(f)` counts as awaiting: without a rejection handler, the promise that it returns rejects unhandled.
   * @example
   * ```ts
   * import { connect, serve } from "sockwright/server";
   *
   * const server = await serve("tcp://127.0.0.1:0", async (connection) => {
   *   await connection.sendFile("package.json", { length: 1, head: "it begins with " });
   * });
   * const client = await connect(server.urls[0] ?? "");
   * console.log(String(await client.readExactly(16))); // => it begins with {
   * await client.close();
   * await server.close();
   * ```
   */
  sendFile(source: PathLike | FileHandle | number, options?: SendFileOptions): Promise<number> {
    const sending = new WatchedPromise<number>((resolve, reject) => {
      const fail = (error: unknown): void => {
        reject(error);
        // Wait until the caller has had its chance to await the promise. `await` calls `then` in a microtask, and after an event
        // Node runs the ticks before the microtasks.
        queueMicrotask(() => process.nextTick(() => this.#fileFailed(sending, error)));
      };
      try {
        sendFile(this.#output, source, options, { resolve, reject: fail });
      } catch (error) {
        fail(error);
      }
    });
    return sending;
  }

  /**
   * As {@link sendFile} for an open file, with a waiter instead of a promise: the waiter is called within this call where the whole file
   * has left. Only the waiter learns of a failure.
   *
   * @throws for a wrong call. @internal
   */
  giveFile(source: FileHandle, part: GivenPart, waiter: FileWaiter): void {
    giveFile(this.#output, source, part, waiter);
  }

  /**
   * Returns a deadline for a phase of a protocol: a greeting, a request, an answer. The caller makes it once and starts it for each
   * of them. Starting it costs no timer: all deadlines share one. It never expires early, and at most 0.1 s late. A process that was
   * blocked first reads the bytes that came in time. The deadline does not keep the process alive, and ends when the connection is
   * lost, aborted or begins to close.
   *
   * @param name - 1 to 64 characters, and not the name of one of the server's deadlines: `idle`, `read`, `total` … A server counts
   * the expiries under this name in `stats().connectionsExpired`: 16 names each by itself, the rest as `other`.
   * @param expired - called when the deadline expires. Nothing else happens then: it may answer, close, or leave the connection open.
   * An error that it throws, or rejects with, aborts the connection. Without it the connection aborts with a DeadlineError, whose
   * `deadline` is the name.
   * @throws TypeError.
   * @example
   * ```ts
   * import { lines } from "sockwright/codec";
   * import { connect, serve } from "sockwright/server";
   *
   * const server = await serve("tcp://127.0.0.1:0", async (connection) => {
   *   const frames = connection.frames(lines());
   *   const request = connection.deadline("request", () => {
   *     frames.write("408 too slow");
   *     void connection.close();
   *   });
   *   request.start(50);
   *   for await (const line of frames) {
   *     request.cancel();
   *     frames.write(`200 ${line}`);
   *     request.start(50);
   *   }
   * });
   * const client = await connect(server.urls[0] ?? "");
   * const answers = client.frames(lines());
   * answers.write("hello");
   * console.log(await answers.read(), "|", await answers.read()); // => 200 hello | 408 too slow
   * console.log(server.stats().connectionsExpired["request"]); // => 1
   * await client.close();
   * await server.close();
   * ```
   */
  deadline(name: string, expired?: () => unknown): ConnectionDeadline {
    this.#deadlines ??= new ConnectionDeadlines(this, this.#input, this.#isClosed() || this.#closing !== undefined);
    return this.#deadlines.make(name, expired);
  }

  /**
   * Keeps a connection of a server open until the caller disposes of the hold, even when the service's function has returned and the
   * peer has ended. For work on an answer outside of that function. A push ({@link onBytes}, `onFrame`) keeps the connection open by
   * itself. A hold does not delay {@link close} or {@link abort}, nor the abort by a closing server after its grace period.
   *
   * @example
   * ```ts
   * import { connect, serve } from "sockwright/server";
   *
   * const server = await serve("tcp://127.0.0.1:0", async (connection) => {
   *   const hold = connection.hold();
   *   setTimeout(() => {
   *     connection.write("later");
   *     hold[Symbol.dispose]();
   *   }, 10);
   * });
   * const client = await connect(server.urls[0] ?? "");
   * console.log(String(await client.readExactly(5))); // => later
   * await client.close();
   * await server.close();
   * ```
   */
  hold(): Disposable {
    let isHeld = true;
    this.#holds++;
    return {
      [Symbol.dispose]: () => {
        if (!isHeld) return;
        isHeld = false;
        this.#holds--;
        if (!this.#isKept()) this.#notifyOwner(undefined);
      },
    };
  }

  /**
   * Sends the waiting bytes and the files in progress, and then the end. Settles when the kernel has taken all of it; reading goes on.
   * When the peer takes nothing for 30 s, or `drainTimeoutMs`, the connection aborts.
   *
   * @throws the error that lost the connection · DeadlineError.
   * @example
   * ```ts
   * import { connect, serve } from "sockwright/server";
   *
   * const server = await serve("tcp://127.0.0.1:0", async (connection) => {
   *   let bytes = 0;
   *   for await (const piece of connection) bytes += piece.length;
   *   connection.write(`${bytes} bytes`);
   * });
   * const client = await connect(server.urls[0] ?? "");
   * client.write("12345");
   * await client.end();
   * console.log(String(await client.read())); // => 5 bytes
   * await client.close();
   * await server.close();
   * ```
   */
  end(): Promise<void>;
  end(data?: unknown): Promise<void> {
    if (data !== undefined)
      return rejectWith(wrongType("data", "left out: end() sends none, so call write(data) before", data));
    return this.#output.end();
  }

  /** Closes at once: the connection sends and reads nothing more, and a TCP peer gets a reset. See {@link ConnectionError}. */
  abort(reason: Error = new ConnectionError("ERR_SOCKWRIGHT_ABORTED")): void {
    if (!isError(reason)) throw wrongType("reason", "an instance of Error", reason);
    if (this.#isClosed()) return;
    this.#link.abort();
    this.fail(reason, "aborted");
  }

  /**
   * Flushes, ends, and waits at most 2 s for the peer's end, discarding received bytes: a close with unread bytes would reset the
   * connection, and the peer would not see the last answer (RFC 9112, section 9.6). A server closes a connection when the service's
   * function returns. Reads meanwhile get the end, as from a peer that has ended, and unread bytes are lost. A second close waits for
   * the first, whatever its options. See {@link Connection}.
   *
   * @throws the error that lost the connection before everything was sent; nothing when it was lost before the close · DeadlineError,
   * as {@link end} · RangeError, TypeError for an invalid time.
   */
  close(options?: LingerOptions): Promise<void> {
    if (options === undefined) {
      this.#closing ??= this.#close(LINGER_MS, undefined);
      return this.#closing;
    }
    return tryPromise(() => {
      const { lingerMs, idleMs } = checkLinger(options);
      this.#closing ??= this.#close(lingerMs, idleMs);
      return this.#closing;
    });
  }

  /** `await using` closes the connection. See {@link Connection}. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /**
   * Closes with one close(2), without a shutdown(2), a promise and a timer, where the peer has ended and the link takes everything that
   * waits. Returns whether the connection is closed; else {@link close} goes on. @internal
   */
  closeAtOnce(): boolean {
    if (this.#closing !== undefined) return false;
    if (this.#isClosed()) return true;
    // Datagrams have no end, and `close` reports the loss of those that wait.
    const hasNobodyToAwait = this.#link.isDatagram ? !this.#output.isSending : this.#input.phase === "ended";
    if (!hasNobodyToAwait || !this.#link.endsAtClose) return false;
    if (!this.#output.endsWithClose()) {
      // Sending the rest has just lost the connection.
      if (this.failure !== undefined) this.#closing = rejectTolerated(this.failure);
      return false;
    }
    this.owner?.onClosing(this);
    this.#input.discard();
    this.#closing = DONE;
    this.#leave();
    return true;
  }

  /**
   * Puts TLS over the connection, as STARTTLS and its kind do. Everything written before is sent first, in clear. When the promise
   * resolves, the peer's certificate was checked as the options say, and reads and writes are those of TLS. Where the handshake
   * fails, the connection is lost with the same error. A truncated connection is told: `ERR_SOCKWRIGHT_TLS_TRUNCATED`.
   *
   * A server calls it in the turn in which it has written its answer to the command. Bytes that came in clear behind the command, and
   * are not of TLS, end the connection: somebody may have put them there, and a reader would take them for the peer's (CVE-2011-0411).
   *
   * Until the promise has settled, writes throw `ERR_SOCKWRIGHT_TLS_PENDING`: they would leave in clear, or go to a peer that was not
   * checked.
   *
   * @throws TlsOptionError · TlsError · DeadlineError · ConnectionError `ERR_SOCKWRIGHT_TLS_PLAINTEXT`, `ERR_SOCKWRIGHT_READING` while
   * a reader waits, `ERR_SOCKWRIGHT_RECORDS` for a connection that carries records, `ERR_SOCKWRIGHT_ENDED` after the end of this side,
   * during the handshake, too · the error of a system call · TypeError, RangeError for an invalid option.
   * @example
   * ```ts
   * import { execFileSync } from "node:child_process";
   * import { connect, serve } from "sockwright/server";
   *
   * const make = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout - -out - -subj /CN=localhost -addext subjectAltName=DNS:localhost";
   * const pem = execFileSync("openssl", make.split(" "), { stdio: ["ignore", "pipe", "ignore"] });
   * const server = await serve("tcp://127.0.0.1:0", async (connection) => {
   *   await connection.readUntil("STARTTLS\n");
   *   connection.write("go on\n");
   *   await connection.upgradeTls({ cert: pem, key: pem });
   *   connection.write(`you speak ${connection.tls?.version}`);
   * });
   * const client = await connect(server.urls[0] ?? "");
   * client.write("STARTTLS\n");
   * await client.readUntil("\n");
   * await client.upgradeTls({ ca: pem, servername: "localhost" });
   * console.log(String(await client.read())); // => you speak TLSv1.3
   * await client.close();
   * await server.close();
   * ```
   */
  upgradeTls(options: UpgradeTlsOptions = {}): Promise<void> {
    return tolerateIf(this.#upgradeTls(options), (error) => error === this.failure);
  }

  /**
   * Called by a handshake: makes the peer final, either the one that a proxy's header names or the one that connected. Checks the
   * limits per address, once; throws where they refuse the peer. `proxy` is the header. @internal
   */
  settlePeer(peer: Peer = this.peer, proxy?: ProxyHeader): void {
    // The connection already counts against the first peer's address.
    if (peer !== this.peer && this.owner?.countsForAddress === true) {
      throw Object.assign(new Error("The peer is settled already"), { code: "ERR_INVALID_STATE" });
    }
    this.#link.peer = peer;
    if (proxy !== undefined) this.#proxy = proxy;
    this.owner?.onPeerFinal();
  }

  /**
   * Replaces the link under an open connection, as TLS does. The old link first sends everything written and the files in progress.
   * `make` is called with the unread bytes and returns the new link, which delivers those of them that are for the reader, and the end,
   * even where it has come already. Rejects and changes nothing while a reader waits, after the end of this side, and where `make`
   * throws. @internal
   */
  async replaceLink(make: (base: Link, unread: Buffer) => Link): Promise<void> {
    this.#input.checkUnwatched();
    while (this.#output.isSending) await this.#output.flushed();
    if (this.failure !== undefined) throw this.failure;
    if (!this.#output.isOpen) throw new ConnectionError("ERR_SOCKWRIGHT_ENDED");
    const replacing = (base: Link): Link => this.#input.handUnread((unread) => make(base, unread));
    this.#link = withBase(this.#link, replacing, this.#input, this.#output);
    this.#input.use(this.#link);
    this.#output.use(this.#link);
    this.#checkOpened();
  }

  async #upgradeTls(options: UpgradeTlsOptions): Promise<void> {
    this.#output.beginUpgrade();
    try {
      // Only connections with TLS load it.
      const { upgradeTls } = await import("./upgrade-tls.ts");
      await upgradeTls(this, options);
    } finally {
      this.#output.endUpgrade();
    }
  }

  /** Opening the new link may have lost the connection, which has then closed only the old link. */
  #checkOpened(): void {
    if (this.failure === undefined) return;
    this.#link.close();
    throw this.failure;
  }

  /** @internal */
  get link(): Link {
    return this.#link;
  }

  /** The policy that all connections of the server share. @internal */
  get policy(): ConnectionPolicy {
    return this.#policy;
  }

  /** The phase of the input; `discarding` from the begin of a close. @internal */
  get phase(): InputPhase {
    return this.#closing === undefined || this.failure !== undefined ? this.#input.phase : "discarding";
  }

  /** @internal */
  get heldBack(): HeldBack {
    return this.#output.heldBack;
  }

  /** @internal */
  get isAwaited(): boolean {
    return this.#input.isAwaited;
  }

  /** Whether the promise belongs to a push that has not ended. @internal */
  isPush(promise: unknown): boolean {
    return this.#input.isPush(promise);
  }

  /** Whether a push or a hold keeps the connection open; the owner is then told when the last one ends. @internal */
  notifiesWhenReleased(): boolean {
    if (this.#isClosed() || !this.#isKept()) return false;
    this.#notifiesOwner = true;
    return true;
  }

  /** Whether an error means only that a stop or a close at this side has cut a read off. @internal */
  isCutHere(error: unknown): boolean {
    const isCut = isError(error) && error instanceof ConnectionError && error.code === "ERR_SOCKWRIGHT_UNEXPECTED_END";
    return isCut && this.#input.isCutHere;
  }

  /** @internal */
  onPushEnd(failure: Error | undefined): boolean {
    if (!this.#notifiesOwner) return false;
    if (failure !== undefined || !this.#isKept()) this.#notifyOwner(failure);
    return true;
  }

  /** As {@link onBytes}, for a service that has its own object for each connection. @internal */
  giveBytes(taker: ByteTaker): Promise<void> {
    return this.#input.onBytes(new TakerPush(this.#input, taker));
  }

  /** Called when the server closes: ends the input, unless the service has set a {@link stopper} that does. @internal */
  stop(): void {
    if (this.stopper === undefined) this.endInput();
    else this.stopper.stop();
  }

  /** Ends the input: a waiting reader gets the end. @internal */
  endInput(): void {
    this.#input.stop();
  }

  /** Reports an error to the owner; the connection goes on. @internal */
  report(error: unknown): void {
    this.owner?.report(error, this);
  }

  /** Calls a function in the context of the connection, as the events of the link are. @internal */
  run(call: () => void): void {
    runIn(this.#link, call);
  }

  /** Closes the connection because it is lost or aborted. @internal */
  fail(error: Error, phase: "lost" | "aborted" = "lost"): void {
    if (this.#isClosed()) return;
    const isSent = this.#output.hasEnded;
    this.#closedMs = performance.now();
    this.#link.close();
    this.#deadlines?.end();
    this.#input.onLost(error, phase);
    this.#output.onLost(error);
    this.#notifyOwner(error);
    this.owner?.onClosed(this, isSent);
    this.#aborter?.abort(error);
  }

  /** Called when a datagram was lost. Returns whether an `end` or `close` in progress will report it. @internal */
  reportsLossToSender(error: Error): boolean {
    return this.#output.datagramFailed(error);
  }

  /**
   * Ends the wait for the peer's end. Returns false where bytes still wait to be sent, or the connection is not closing.
   *
   * @internal
   */
  endLinger(): boolean {
    if (!this.isClosing || !this.#output.hasEnded) return false;
    this.#input.onEnd();
    return true;
  }

  #fileFailed(sending: WatchedPromise<number>, error: unknown): void {
    const isUnawaitedFile = !sending.isAwaited && isError(error) && isOfFile(error);
    if (!isUnawaitedFile && !this.#hasBroughtAbout(error)) return;
    void tolerate(sending);
    // No caller would learn that the peer did not get the whole file.
    if (isUnawaitedFile) this.abort(error);
  }

  /** Whether the end or the loss of the connection caused an error, and not the call itself. */
  #hasBroughtAbout(error: unknown): boolean {
    const isEnded = isError(error) && error instanceof ConnectionError && error.code === "ERR_SOCKWRIGHT_ENDED";
    return isEnded || error === this.failure;
  }

  /** Returns a read of at most `maxBytes`, or of one whole record. */
  #readAtMost(name: string, maxBytes: number): Read<Buffer | undefined> {
    const most = integer(name, maxBytes, 1, MAX_READ_BYTES);
    return this.#link.isRecords ? NEXT_PIECE : new ReadAtMost(most);
  }

  #isKept(): boolean {
    return this.#holds > 0 || this.#input.isPushing;
  }

  #notifyOwner(failure: Error | undefined): void {
    const { owner } = this;
    if (!this.#notifiesOwner || owner === undefined) return;
    this.#notifiesOwner = false;
    queueMicrotask(() => {
      if (failure === undefined) owner.onReturned(this);
      else owner.onThrown(this, failure);
    });
  }

  #isClosed(): boolean {
    return this.#closedMs !== undefined;
  }

  #close(lingerMs: number, idleMs: number | undefined): Promise<void> {
    if (this.#isClosed() || this.closeAtOnce()) return DONE;
    return this.#closing ?? tolerate(this.#endAndLinger(lingerMs, idleMs));
  }

  async #endAndLinger(lingerMs: number, idleMs: number | undefined): Promise<void> {
    this.owner?.onClosing(this);
    this.#deadlines?.end();
    this.#input.discard();
    try {
      await this.#output.end();
      // Datagrams have no end to wait for.
      if (this.#link.isDatagram) return;
      await linger(this.#input, lingerMs, idleMs, () => this.#policy.onExpired("linger", this.peer));
    } finally {
      if (!this.#isClosed()) this.#leave();
    }
  }

  #leave(): void {
    this.#closedMs = performance.now();
    this.#deadlines?.end();
    this.#link.close();
    this.owner?.onClosed(this, true);
  }
}
