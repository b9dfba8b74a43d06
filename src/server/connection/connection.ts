import type { PathLike } from "node:fs";
import type { FileHandle } from "node:fs/promises";
import { threadId } from "node:worker_threads";
import { type Codec, checkCodec } from "../../codec/codec.ts";
import { NO_PLACE } from "../../native/placed-list.ts";
import {
  bytesOf,
  checkOptions,
  type Data,
  integer,
  type OptionNames,
  promised,
  rejected,
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
import type { SocketUrl } from "../url/socket-url.ts";
import { type ConnectionDeadline, ConnectionDeadlines } from "./connection-deadline.ts";
import { DEFAULT_MAX_READ_BUFFER_BYTES } from "./connection-options.ts";
import { type FileWaiter, type GivenPart, giveFile, isOfFile, type SendFileOptions, sendFile } from "./file-sending.ts";
import { Frames } from "./frames.ts";
import { type HeldBack, Input, type InputPhase } from "./input.ts";
import { Output } from "./output.ts";
import { type ConnectionPolicy, DEFAULT_POLICY } from "./policy.ts";
import { BytePush, type ByteTaker, type Push, TakerPush } from "./push.ts";
import { MAX_READ_BYTES, NEXT_PIECE, type Read, ReadAtMost, ReadExactly, ReadUntil } from "./read.ts";
import { ConnectionStream } from "./stream.ts";
import { lostWith, tolerated, WatchedPromise } from "./unawaited.ts";
import { checkWait, LIMITED_READ, type LimitedRead, type WaitOptions, waitOf } from "./wait.ts";

/** How long a connection that was closed here waits for the peer's end, discarding what still comes. */
export const LINGER_MS = 2_000;

/** The longest `lingerMs`, in milliseconds: Node's timers take no more. */
const MAX_LINGER_MS = 2_147_483_647;

const DONE = Promise.resolve();

/** How long `close` waits for the peer's end, once all is sent. */
export interface LingerOptions {
  /** In all, in ms, 0 or more; default 2 000. */
  readonly lingerMs?: number | undefined;
  /** While nothing comes from the peer, in ms, 1 or more; default is no limit but `lingerMs`. */
  readonly idleMs?: number | undefined;
}

const LINGER_OPTIONS: OptionNames<LingerOptions> = { lingerMs: true, idleMs: true };

/** Of a service that knows when it has no request in progress: see {@link Connection.endInput}. */
export interface ConnectionStopper {
  stop(): void;
}

/** Whom a connection tells what becomes of it: its server. One is shared by many connections, none of it is theirs. */
export interface ConnectionOwner {
  /** Where it was taken. */
  readonly at: SocketUrl;
  /** Whether the service has it. */
  readonly state: "handshake" | "open";
  /** Whether it is one of the connections of its peer's address. */
  readonly countsForAddress: boolean;
  /** The service's function has returned, or a push or a hold has ended that went on after it. */
  returned(connection: Connection): void;
  /** The service's function has thrown, or its push was lost. */
  threw(connection: Connection, error: unknown): void;
  /** Something of the program's has failed, and the connection goes on. */
  report(error: unknown, connection: Connection): void;
  /** It begins to close, in order; everything is still as it was. */
  closing(connection: Connection): void;
  /** Its descriptor is closed, and was not before. `isSent`: behind all that was written, and the end. */
  closed(connection: Connection, isSent: boolean): void;
  /** The server closes. */
  stop(reason: Error, connection: Connection): void;
  /** The peer is the one that it will be: a handshake has read for whom a proxy speaks, or is about to do what costs more. */
  peerIsFinal(): void;
}

/**
 * Of this thread; the threads of a process share no number, as each has a range of 2^40 of its own. The product would be a double
 * also where it is 0, and each number of the main thread then 16 bytes on the heap.
 */
let lastId = threadId === 0 ? 0 : threadId * 2 ** 40;

/** No other connection of this process has it. */
export function nextConnectionId(): number {
  return ++lastId;
}

/** What a connection has done, at one moment. */
export interface ConnectionStats {
  /** Bytes that were received, read by the program or not. */
  readonly bytesRead: number;
  /** Bytes of these that the program has not read yet. */
  readonly bytesUnread: number;
  /** Bytes that were sent: those that the kernel has taken. */
  readonly bytesWritten: number;
  /** Bytes that were written and wait to be sent. */
  readonly bytesWaiting: number;
  /** Writes that were dropped, as the option `whenWriteBufferFull` has it. */
  readonly writesDropped: number;
  readonly openedAt: Date;
  /** The time since it was opened, on the monotonic clock; it stops when the connection is closed or lost. */
  readonly durationMs: number;
}

/**
 * One connection of a server or a client, over any transport. It is read by promise ({@link read} and its like) or by push
 * ({@link onBytes}), by one of them at a time. Losing the peer makes reads reject with the error of the system call, writes
 * give false, and {@link signal} abort.
 *
 * A peer that sends and reads no answers cannot fill the memory with them. When 64 KiB or more wait to be sent, an accepted
 * connection passes nothing to `onBytes` and `onFrame` until fewer than 32 KiB wait; while 1 MiB waits, it is not read from at
 * all. A connection made by `connect` always reads, so that two programs that both write much do not wait for each other.
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
  /** No other connection of this process has it: see {@link Server.abort}. */
  readonly id: number;
  /** In the list of its server's. @internal */
  place = NO_PLACE;
  /** Whom it tells what becomes of it. @internal */
  owner: ConnectionOwner | undefined;
  /** Who is told that the server closes, and ends the input when what is in progress has come to its end. @internal */
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
  /** The service's function has returned, or gave back its push: the owner is told when nothing keeps this open any more. */
  #tellsOwner = false;
  #deadlines: ConnectionDeadlines | undefined;

  /** @internal */
  constructor(link: Link, policy: ConnectionPolicy = DEFAULT_POLICY, id = nextConnectionId()) {
    this.id = id;
    this.#policy = policy;
    this.#link = link;
    this.#input = new Input(link, this);
    this.#output = new Output(link, this, this.#input);
    link.open(this.#input, this.#output);
  }

  /** Who is at the other end. */
  get peer(): Peer {
    return this.#link.peer;
  }

  /**
   * Who is at the other end of a Unix socket — SO_PEERCRED, unix(7): which process, user and group. Undefined for all other
   * sockets, and once the connection is closed.
   *
   * @throws ConnectionError `ERR_SOCKWRIGHT_NO_CREDENTIALS` for a Unix socket of `node:net`, which cannot tell.
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
   * Aborts when the connection is lost or aborted; the reason is the error. Once it was asked for, a reset is told though nobody
   * reads; over `node:net` only while somebody does. The peer's end is no loss.
   */
  get signal(): AbortSignal {
    if (this.#aborter === undefined) {
      this.#aborter = new AbortController();
      if (!this.#isClosed()) this.#link.awaitLoss?.();
    }
    if (this.failure !== undefined) this.#aborter.abort(this.failure);
    return this.#aborter.signal;
  }

  /** What has come, read or not. See {@link Connection.stats}. */
  get bytesRead(): number {
    return this.#input.bytesRead;
  }

  /** What was sent: what the kernel has taken. See {@link Connection.stats}. */
  get bytesWritten(): number {
    return this.#output.bytesWritten;
  }

  /**
   * What the connection has done so far: a plain object that does not change any more. See {@link Connection}.
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

  /** By the wall clock. @internal */
  get openedAt(): Date {
    return new Date(performance.timeOrigin + this.#openedMs);
  }

  /** Whether it was closed here, and is open for what is still to be sent, or for the end of its peer. @internal */
  get isClosing(): boolean {
    return this.#closing !== undefined;
  }

  /** Why the connection was lost, if it was. @internal */
  get failure(): Error | undefined {
    return this.#input.failure;
  }

  /**
   * What comes next: at least one byte, or a whole record; with `maxBytes` no more of a stream than that, and then all that
   * is there, as recv(2) does it. Undefined when the peer has ended.
   *
   * @param options - `maxBytes` alone, or how much it takes and how long it waits.
   * @throws the error of the system call that lost the connection: `ECONNRESET` … · ConnectionError `ERR_SOCKWRIGHT_READING`,
   * and `ERR_SOCKWRIGHT_TIMEOUT` after `timeoutMs` · AbortError. After these three the connection is as it was.
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
    return promised(() => {
      // Text is told how a number is written.
      if (typeof options !== "object") return this.#input.read(this.#readAtMost("maxBytes", options));
      checkOptions("connection.read()", options, LIMITED_READ);
      const { maxBytes } = options;
      const read = maxBytes === undefined ? NEXT_PIECE : this.#readAtMost("options.maxBytes", maxBytes);
      return this.#input.read(read, waitOf(options));
    });
  }

  /**
   * So many bytes, however many that are: `maxReadBufferBytes` limits only what nobody reads. See {@link Connection}.
   *
   * @param count - 0 to 16 MiB.
   * @throws as {@link read} · ConnectionError `ERR_SOCKWRIGHT_UNEXPECTED_END` when the peer ends before; what had come can
   * still be read.
   */
  readExactly(count: number, options?: WaitOptions): Promise<Buffer> {
    return promised(() => {
      const read = new ReadExactly(integer("count", count, 0, MAX_READ_BYTES));
      return this.#input.read(read, checkWait("connection.readExactly()", options));
    });
  }

  /**
   * Up to the delimiter, and with it. Undefined when the peer has ended and nothing is left. See {@link Connection}.
   *
   * @throws as {@link readExactly} · ConnectionError `ERR_SOCKWRIGHT_TOO_LONG`; what had come can still be read.
   */
  readUntil(delimiter: Data, options?: LimitedRead): Promise<Buffer | undefined> {
    return promised(() => {
      const end = bytesOf("delimiter", delimiter);
      if (end.length === 0) throw wrongValue("delimiter", "must not be empty", delimiter);
      checkOptions("connection.readUntil()", options, LIMITED_READ, (most) => `, such as { maxBytes: ${most} }`);
      const { maxBytes = DEFAULT_MAX_READ_BUFFER_BYTES } = options ?? {};
      integer("options.maxBytes", maxBytes, 1, MAX_READ_BYTES);
      return this.#input.read(new ReadUntil(end, maxBytes), waitOf(options));
    });
  }

  /** All that comes until the peer ends. See {@link end}. */
  async *[Symbol.asyncIterator](): AsyncGenerator<Buffer, void> {
    for (;;) {
      const piece = await this.read();
      if (piece === undefined) return;
      yield piece;
    }
  }

  /**
   * Has `take` called with what comes, at once and without a promise for it. The bytes are lent for the time of the call.
   * Settles when the peer has ended, rejects when the connection is lost. What `take` throws aborts the connection. On a
   * connection that was accepted, nothing is pushed while 64 KiB or more wait to be sent.
   *
   * An async function is not awaited: what comes next is given at once, and so its bytes are lent until its first `await`.
   * A rejection aborts the connection, as a throw does. A server keeps the connection open until it has settled.
   *
   * `take` is given the push besides, which can be paused and stopped: see {@link Push}.
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
    if (typeof take !== "function") return rejected(wrongType("take", "of type function, such as (bytes) => …", take));
    return this.#input.onBytes(new BytePush(this.#input, take));
  }

  /**
   * The connection as frames of a codec instead of bytes, to be read by iteration or by push, and written. It begins where
   * reading was left, also that by frames of another codec. See {@link Frames}.
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
   * The connection as a stream of Node's, beginning with what is unread: with what `net.Socket` has for node:http, ws, Express
   * and undici. It is the one reader from now on, and keeps the connection open until it is closed: ended in both directions, or
   * destroyed. What the connection is lost by is its `error`, with the code of the system call. Unlike that of a `net.Socket` it
   * ends no process where nobody listens: a server tells it to `onError` anyway. What the program itself gives to `destroy` does.
   *
   * - `write` gives false, and `drain` follows, by the marks of the connection: `highWaterBytes` wait in it, and may besides in
   *   the stream.
   * - `end` is a half-close: reading goes on. `destroySoon` sends what waits, and closes.
   * - `destroy` closes, and resets the connection where not all is sent; with an error it resets it.
   * - A server that closes ends the stream's input, as that of every reader; a `http.Server` whose requests are to be answered then
   *   needs its property `httpAllowHalfOpen`, as for clients that end before the answer.
   * - A `http.Server` that does not listen itself goes by its `headersTimeout` and `requestTimeout` after `http.emit("listening")`.
   *
   * @throws ConnectionError `ERR_SOCKWRIGHT_READING` while somebody reads, and for a second stream; `ERR_SOCKWRIGHT_RECORDS` of a
   * connection that carries records.
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
   * The connection as streams of the web platform, beginning with what is unread, on the same terms as {@link stream}. Closing
   * `writable` is a half-close; aborting it resets the connection. Who cancels `readable` wants nothing more: what still comes is
   * dropped, and the connection closed once `writable` is.
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
   * Sends data: all writes of a turn leave in one system call when it ends; on a record transport each is a record. The
   * data is copied. False when 64 KiB or more wait: then it is time to await {@link drained}. Where more than 16 MiB would
   * wait, the connection is aborted with `ERR_SOCKWRIGHT_WRITE_BUFFER_FULL`, or what `whenWriteBufferFull` says: see {@link ConnectionOptions},
   * also for other numbers than these. See {@link Connection}.
   *
   * @throws ConnectionError `ERR_SOCKWRIGHT_ENDED`; with `whenWriteBufferFull: "throw"` also `ERR_SOCKWRIGHT_WRITE_BUFFER_FULL` ·
   * TypeError.
   */
  write(data: Data): boolean;
  write(data: Data, more?: unknown): boolean {
    // As a stream of Node's has them: a callback that is never called is waited for in vain.
    if (typeof more === "function")
      throw wrongType("callback", "left out: await drained(), or flushed(), after write", more);
    if (typeof more === "string") throw wrongType("encoding", `left out: write(Buffer.from(data, "${more}"))`, more);
    return this.#output.write(data);
  }

  /**
   * Sends bytes as {@link write} does, with the same limits, in the same order and with the same result, but without a copy: they
   * must not change until {@link flushed} has settled, or the connection has ended. For what is large and sent to many, or
   * is not needed any more. Each counts 64 bytes besides while it waits. Over `node:net` they are copied when they leave.
   *
   * @throws as {@link write} · where their memory is detached before they have left, the connection is aborted with a TypeError.
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
   * Settles when less than 32 KiB wait to be sent; at once when `write` gave true. See {@link Connection}.
   *
   * @throws the error that lost the connection · ConnectionError `ERR_SOCKWRIGHT_TIMEOUT`, AbortError, as {@link read}.
   */
  drained(options?: WaitOptions): Promise<void> {
    return options === undefined
      ? this.#output.drained()
      : promised(() => this.#output.drained(checkWait("connection.drained()", options)));
  }

  /**
   * Settles when the kernel has all that is written now, and the files that are being sent, or Node, over `node:net`. What is
   * written later it does not wait for.
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
      : promised(() => this.#output.flushed(checkWait("connection.flushed()", options)));
  }

  /**
   * Sends a file, or a part of it, no faster than the peer takes it: behind all that was written before, also other files, and what
   * is written from then on waits for it. {@link flushed}, {@link end} and {@link close} wait for it, as for a write. The kernel
   * takes it from the file by itself, sendfile(2), at most 2 MiB in a turn; over `node:net`, and where it does not know how, the file
   * is read in pieces of 32 KiB. What is not in memory is brought in by one of libuv's threads before, 512 KiB at a time for each
   * connection; where the file system cannot tell what is, as tmpfs and NFS, only the first 512 KiB. Settles when the kernel has all of
   * it, or Node; until then {@link bytesWritten} tells how far it is.
   *
   * @param source - a path, which is opened and closed again; or an open file or its descriptor, which stays open and keeps its
   * position, and must stay open until the promise settles. It must be a regular file: no pipe, device, socket or directory. What
   * is appended meanwhile is not sent.
   * @param options - `head` is written right before the file, and only where that can be sent.
   * @returns how many bytes of the file; fewer than `length` when it has no more.
   * @throws the error of the file: `ENOENT`, `EACCES`, `EISDIR` … · the error that lost the connection · ConnectionError
   * `ERR_SOCKWRIGHT_ENDED`, `ERR_SOCKWRIGHT_NOT_A_FILE`, `ERR_SOCKWRIGHT_RECORDS`, `ERR_SOCKWRIGHT_FILE_SHRANK` · TypeError · RangeError.
   * An error behind the first bytes aborts the connection, and so does one of the file that nobody awaits: the peer must not
   * take what it has for the whole. It ends no process, as a peer may have named the file. `.then(f)` counts as
   * awaiting: without a handler of rejections the promise that it gives rejects, and that is the program's.
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
        // By then it is known whether somebody awaits it, as Node has it. `await` asks in a microtask, and behind an event Node has
        // the ticks before those.
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
   * The same of a file that is open, for who is told by a call, at once where all of it has left within this one. What fails is told
   * to the waiter alone.
   *
   * @throws what is wrong with the call. @internal
   */
  giveFile(source: FileHandle, part: GivenPart, waiter: FileWaiter): void {
    giveFile(this.#output, source, part, waiter);
  }

  /**
   * A deadline of the connection's own, for a phase of a protocol: a greeting, a request, an answer. It is made once and started
   * for each of them. Starting it costs no timer: all deadlines share one. It is never early, and 0.1 s late at most. What has
   * come in time to a process that was held up is read first. It does not keep the process alive, and ends with the connection:
   * when that is lost, aborted or begins to close.
   *
   * @param name - 1 to 64 characters, none of a server's own: `idle`, `read`, `total` … A server counts it under that name in
   * `stats().connectionsExpired`: 16 names each by itself, the rest as `other`.
   * @param expired - what is done then. Nothing else is: it answers and closes, or not. What it throws, or rejects with, aborts
   * the connection. Without it the connection is aborted with a DeadlineError, whose `deadline` is the name.
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
   * Keeps a connection of a server open until the hold is disposed of: also when the service's function has returned, and the
   * peer has ended. For whoever works on an answer outside of that function. A push ({@link onBytes}, `onFrame`) keeps it open
   * by itself. It does not put off {@link close} or {@link abort}, nor what a server that closes does after its grace.
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
        if (!this.#isKept()) this.#tellOwner(undefined);
      },
    };
  }

  /**
   * Sends what waits and the files in progress, and then the end. Settles when the kernel has it all; reading goes on. A peer
   * that takes nothing for 30 s, or `drainTimeoutMs`, is given up.
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
      return rejected(wrongType("data", "left out: end() sends none, so call write(data) before", data));
    return this.#output.end();
  }

  /** Gives up: nothing more is sent or read, and a TCP peer gets a reset. See {@link ConnectionError}. */
  abort(reason: Error = new ConnectionError("ERR_SOCKWRIGHT_ABORTED")): void {
    if (!isError(reason)) throw wrongType("reason", "an instance of Error", reason);
    if (this.#isClosed()) return;
    this.#link.abort();
    this.fail(reason, "aborted");
  }

  /**
   * Flushes, ends, and waits for the peer's end, for 2 s at most, discarding what still comes: a close with bytes unread
   * would reset the connection, and the peer would not see the last answer (RFC 9112, section 9.6). A server does it when
   * the service's function returns. Whoever reads meanwhile gets the end, as from a peer that has ended, and what was not
   * read is gone. A second close waits for the first, whatever its options. See {@link Connection}.
   *
   * @throws the error that lost the connection before all was sent; nothing when it was lost before the close · DeadlineError,
   * as {@link end} · RangeError, TypeError for a time that cannot be.
   */
  close(options?: LingerOptions): Promise<void> {
    if (options === undefined) {
      this.#closing ??= this.#close(LINGER_MS, undefined);
      return this.#closing;
    }
    return promised(() => {
      checkOptions("connection.close()", options, LINGER_OPTIONS, (ms) => `, such as { lingerMs: ${ms} }`);
      const { lingerMs = LINGER_MS, idleMs } = options;
      integer("options.lingerMs", lingerMs, 0, MAX_LINGER_MS);
      if (idleMs !== undefined) integer("options.idleMs", idleMs, 1, MAX_LINGER_MS);
      this.#closing ??= this.#close(lingerMs, idleMs);
      return this.#closing;
    });
  }

  /** `await using` closes the connection. See {@link Connection}. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /**
   * Closes where the peer has ended and the link takes all that waits: one close(2) is all that is left to do then, without a
   * shutdown(2), a promise and a timer. Whether it is closed; else {@link close} goes on. @internal
   */
  closeAtOnce(): boolean {
    if (this.#closing !== undefined) return false;
    if (this.#isClosed()) return true;
    // Datagrams have no end, and what is lost of those that wait is told to a close.
    const hasNobodyToAwait = this.#link.isDatagram ? !this.#output.isSending : this.#input.phase === "ended";
    if (!hasNobodyToAwait || !this.#link.endsAtClose) return false;
    if (!this.#output.endsWithClose()) {
      // What was left to send has just lost it.
      if (this.failure !== undefined) this.#closing = lostWith(this.failure);
      return false;
    }
    this.owner?.closing(this);
    this.#input.discard();
    this.#closing = DONE;
    this.#leave();
    return true;
  }

  /**
   * For a handshake: from now on the peer is another one, as a proxy's header has it, or is the one that it is. The limits by address
   * are asked, once; throws where they refuse it. @internal
   */
  settlePeer(peer: Peer = this.peer): void {
    // It counts for the address of the first.
    if (peer !== this.peer && this.owner?.countsForAddress === true) throw new Error("The peer is settled already");
    this.#link.peer = peer;
    this.owner?.peerIsFinal();
  }

  /**
   * Puts another link under a connection that goes on, as TLS does. All that was written, and the files in progress, are sent by the
   * link that is there; what came and was not read goes to `make`, and what it gives takes over from there: it tells of those bytes,
   * as far as they are any for the reader, and of the end, also where that has come already. Rejects, and all is as it was, while
   * somebody reads, after the end of this side, and where `make` throws. @internal
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

  /** A link that was put under it may have lost it as it was opened: then only the one before was closed. */
  #checkOpened(): void {
    if (this.failure === undefined) return;
    this.#link.close();
    throw this.failure;
  }

  /** @internal */
  get link(): Link {
    return this.#link;
  }

  /** What it goes by, as all others of its server. @internal */
  get policy(): ConnectionPolicy {
    return this.#policy;
  }

  /** How its input stands; once it closes it discards. @internal */
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

  /** Whether the promise is that of a push that goes on. @internal */
  isPush(promise: unknown): boolean {
    return this.#input.isPush(promise);
  }

  /** Whether a push or a hold keeps it open: then its owner is told when none does any more. @internal */
  tellsWhenReleased(): boolean {
    if (this.#isClosed() || !this.#isKept()) return false;
    this.#tellsOwner = true;
    return true;
  }

  /** Whether an error says only that a stop or a close at this side has cut what was being read. @internal */
  isCutHere(error: unknown): boolean {
    const isCut = isError(error) && error instanceof ConnectionError && error.code === "ERR_SOCKWRIGHT_UNEXPECTED_END";
    return isCut && this.#input.isCutHere;
  }

  /** @internal */
  pushEnded(failure: Error | undefined): boolean {
    if (!this.#tellsOwner) return false;
    if (failure !== undefined || !this.#isKept()) this.#tellOwner(failure);
    return true;
  }

  /** As {@link onBytes}, for a service that has an object of its own for each connection. @internal */
  giveBytes(taker: ByteTaker): Promise<void> {
    return this.#input.onBytes(new TakerPush(this.#input, taker));
  }

  /** The server closes: whoever waits for input gets the end of it, unless the service has said that it ends by itself. @internal */
  stop(): void {
    if (this.stopper === undefined) this.endInput();
    else this.stopper.stop();
  }

  /** Whoever waits for input gets the end of it. @internal */
  endInput(): void {
    this.#input.stop();
  }

  /** Tells what has failed for this connection, which goes on. @internal */
  report(error: unknown): void {
    this.owner?.report(error, this);
  }

  /** Calls a function as the events of the link are told: in the context of the connection. @internal */
  run(call: () => void): void {
    runIn(this.#link, call);
  }

  /** The connection is lost, or given up. @internal */
  fail(error: Error, phase: "lost" | "aborted" = "lost"): void {
    if (this.#isClosed()) return;
    const isSent = this.#output.hasEnded;
    this.#closedMs = performance.now();
    this.#link.close();
    this.#deadlines?.end();
    this.#input.lost(error, phase);
    this.#output.lost(error);
    this.#tellOwner(error);
    this.owner?.closed(this, isSent);
    this.#aborter?.abort(error);
  }

  /** A datagram was lost: whether somebody who waits for all to be sent will be told. @internal */
  tellsSenderOfLoss(error: Error): boolean {
    return this.#output.datagramFailed(error);
  }

  /**
   * Waits no longer for the peer's end. False where something is still to be sent, or the connection does not close.
   *
   * @internal
   */
  endLinger(): boolean {
    if (!this.isClosing || !this.#output.hasEnded) return false;
    this.#input.ended();
    return true;
  }

  #fileFailed(sending: WatchedPromise<number>, error: unknown): void {
    const isUnawaitedFile = !sending.isAwaited && isError(error) && isOfFile(error);
    if (!isUnawaitedFile && !this.#hasBroughtAbout(error)) return;
    void tolerated(sending);
    // Nobody else would learn that the peer has not been sent what it is to have.
    if (isUnawaitedFile) this.abort(error);
  }

  /** Whether an error comes of the connection's end, and not of the call itself. */
  #hasBroughtAbout(error: unknown): boolean {
    const isEnded = isError(error) && error instanceof ConnectionError && error.code === "ERR_SOCKWRIGHT_ENDED";
    return isEnded || error === this.failure;
  }

  /** Records are not cut. */
  #readAtMost(name: string, maxBytes: number): Read<Buffer | undefined> {
    const most = integer(name, maxBytes, 1, MAX_READ_BYTES);
    return this.#link.isRecords ? NEXT_PIECE : new ReadAtMost(most);
  }

  #isKept(): boolean {
    return this.#holds > 0 || this.#input.isPushing;
  }

  #tellOwner(failure: Error | undefined): void {
    const { owner } = this;
    if (!this.#tellsOwner || owner === undefined) return;
    this.#tellsOwner = false;
    queueMicrotask(() => {
      if (failure === undefined) owner.returned(this);
      else owner.threw(this, failure);
    });
  }

  #isClosed(): boolean {
    return this.#closedMs !== undefined;
  }

  #close(lingerMs: number, idleMs: number | undefined): Promise<void> {
    if (this.#isClosed() || this.closeAtOnce()) return DONE;
    return this.#closing ?? tolerated(this.#endAndLinger(lingerMs, idleMs));
  }

  async #endAndLinger(lingerMs: number, idleMs: number | undefined): Promise<void> {
    this.owner?.closing(this);
    this.#deadlines?.end();
    this.#input.discard();
    try {
      await this.#output.end();
      // Datagrams have no end to wait for.
      if (!this.#link.isDatagram) await this.#linger(lingerMs, idleMs);
    } finally {
      if (!this.#isClosed()) this.#leave();
    }
  }

  #leave(): void {
    this.#closedMs = performance.now();
    this.#deadlines?.end();
    this.#link.close();
    this.owner?.closed(this, true);
  }

  /** Waits for the peer's end, as long as that may take. */
  #linger(lingerMs: number, idleMs: number | undefined): Promise<void> {
    return new Promise((resolve) => {
      const giveUp = (): void => {
        this.#policy.expired("linger", this.peer);
        this.#input.ended();
      };
      let idle: NodeJS.Timeout | undefined;
      let all: NodeJS.Timeout | undefined;
      const isAwaited = this.#input.awaitPeer({
        heard: () => void idle?.refresh(),
        left: () => {
          clearTimeout(all);
          clearTimeout(idle);
          resolve();
        },
      });
      if (!isAwaited) resolve();
      else if (lingerMs === 0) giveUp();
      else {
        all = setTimeout(giveUp, lingerMs);
        if (idleMs !== undefined && idleMs < lingerMs) idle = setTimeout(giveUp, idleMs);
      }
    });
  }
}
