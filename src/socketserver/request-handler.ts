import type { Socket, SocketFile } from "../socket/internal.ts";
import {
  type Address,
  checkTimeout,
  IPPROTO_TCP,
  SocketError,
  SockwrightError,
  TCP_NODELAY,
} from "../socket/values.ts";
import type { Awaitable, BaseServer } from "./base-server.ts";
import { publishFailure } from "./diagnostics.ts";
import { MemoryFile } from "./memory-file.ts";
import type { DatagramRequest } from "./udp-server.ts";

/**
 * The base class of request handlers: a server makes one for each request, and awaits its {@link run}. A subclass overrides
 * {@link handle}. `Request` is the type of the server's requests: the socket of a connection, or `[data, socket]`, a
 * {@link DatagramRequest}.
 *
 * @example
 * ```ts
 * import { Socket } from "sockwright";
 * import { BaseRequestHandler, TCPServer } from "sockwright/socketserver";
 *
 * class Upper extends BaseRequestHandler {
 *   override async handle() {
 *     const data = await this.request.recv(1024);
 *     await this.request.sendall(String(data).toUpperCase());
 *   }
 * }
 *
 * await using server = new TCPServer({ host: "127.0.0.1", port: 0 }, Upper);
 * await server.bind_and_activate();
 * const client = new Socket();
 * await client.connect(server.server_address);
 * await client.sendall("hello");
 * await server.handle_request();
 * console.log(String(await client.recv(1024))); // => HELLO
 * client.close();
 * ```
 */
export class BaseRequestHandler<Request = Socket> {
  /** The result of the server's `get_request`: the socket of a connection, or `[data, socket]` of a datagram. */
  readonly request: Request;
  /** The address of the client. */
  readonly client_address: Address;
  /** The server; in a worker thread or a child process `{ server_address }`. */
  readonly server: BaseServer<Request>;

  /** Stores its arguments, and does nothing else. */
  constructor(request: Request, client_address: Address, server: BaseServer<Request>) {
    this.request = request;
    this.client_address = client_address;
    this.server = server;
  }

  /**
   * Runs `setup()`, `handle()` and `finish()`. It calls `finish()` also if `handle()` threw, but not if `setup()` did. If both throw,
   * it rejects with the error of `handle()`, and publishes that of `finish()`.
   *
   * @example See {@link BaseRequestHandler}.
   */
  async run(): Promise<void> {
    await this.setup();
    await this.#handleAndFinish();
  }

  /**
   * Prepares the handler for `handle()`. The default does nothing.
   *
   * @example See {@link BaseRequestHandler}.
   */
  setup(): Awaitable<void> {}

  /**
   * Handles the request. The default does nothing.
   *
   * @example See {@link BaseRequestHandler}.
   */
  handle(): Awaitable<void> {}

  /**
   * Cleans up what `setup()` has made. The default does nothing.
   *
   * @example See {@link BaseRequestHandler}.
   */
  finish(): Awaitable<void> {}

  /** Prefers the error of `handle()`: an error of `finish()` after it is usually its consequence. */
  async #handleAndFinish(): Promise<void> {
    try {
      await this.handle();
    } catch (error) {
      try {
        await this.finish();
      } catch (failure) {
        // The same error again adds nothing.
        if (failure === error) throw error;
        const { server, client_address } = this;
        publishFailure({ error: failure, server, client_address, hook: "finish" });
      }
      throw error;
    }
    await this.finish();
  }
}

/**
 * A handler of connections that reads from `rfile` and writes to `wfile` — Python's `socketserver.StreamRequestHandler`.
 *
 * @example See {@link TCPServer}.
 */
export class StreamRequestHandler extends BaseRequestHandler {
  /** The time-out of the connection in milliseconds; null, the default, is none. */
  timeout: number | null = null;
  /** Whether small writes are sent at once, TCP_NODELAY. Default false. */
  disable_nagle_algorithm: boolean = false;
  /** The buffer size of `rfile` in bytes: -1, the default, is 8 KiB, and 0 is no buffer. */
  rbufsize: number = -1;
  /** The buffer size of `wfile` in bytes: 0, the default, is no buffer, so that each write is sent at once. */
  wbufsize: number = 0;

  #connection: Socket | undefined;
  #rfile: SocketFile<Buffer> | undefined;
  #wfile: SocketFile<Buffer> | undefined;

  /** The socket of the connection, the same as `request`. */
  get connection(): Socket {
    return this.#connection ?? throwNotSetUp("connection");
  }

  /** Replaces it, as a subclass does in its `setup()`. */
  set connection(connection: Socket) {
    this.#connection = connection;
  }

  /** The file that reads from the client. */
  get rfile(): SocketFile<Buffer> {
    return this.#rfile ?? throwNotSetUp("rfile");
  }

  /** Replaces it, as a subclass does in its `setup()`. */
  set rfile(file: SocketFile<Buffer>) {
    this.#rfile = file;
  }

  /** The file that writes to the client. */
  get wfile(): SocketFile<Buffer> {
    return this.#wfile ?? throwNotSetUp("wfile");
  }

  /** Replaces it, as a subclass does in its `setup()`. */
  set wfile(file: SocketFile<Buffer>) {
    this.#wfile = file;
  }

  /**
   * Sets the options of the connection, and makes its files.
   *
   * @example See {@link TCPServer}.
   */
  override setup(): Awaitable<void> {
    this.connection = this.request;
    if (this.timeout !== null) this.connection.settimeout(checkTimeout("timeout", this.timeout));
    if (this.disable_nagle_algorithm) this.connection.setsockopt(IPPROTO_TCP, TCP_NODELAY, 1);
    this.rfile = this.connection.makefile("rb", { buffering: this.rbufsize });
    this.wfile = this.connection.makefile("wb", { buffering: this.wbufsize });
  }

  /**
   * Flushes `wfile`, and closes both files. It ignores that the client has closed the connection.
   *
   * @example See {@link TCPServer}.
   */
  override finish(): Awaitable<void> {
    return this.#closeFiles();
  }

  async #closeFiles(): Promise<void> {
    // The setup() of a subclass may have made no files.
    const [rfile, wfile] = [this.#rfile, this.#wfile];
    if (wfile !== undefined) {
      // The client may have closed the connection; closing the file then reports the same error again.
      if (!wfile.closed) await ignoreClientLoss(wfile.flush());
      await ignoreClientLoss(wfile.close());
    }
    await rfile?.close();
  }
}

/**
 * A handler of datagrams that reads from `rfile` and writes to `wfile` — Python's `socketserver.DatagramRequestHandler`. It sends
 * what was written, even if that is empty, as one datagram, the answer. Its files have the interface of those of a
 * {@link StreamRequestHandler}.
 *
 * @example
 * ```ts
 * import { AF_INET, SOCK_DGRAM, Socket } from "sockwright";
 * import { DatagramRequestHandler, UDPServer } from "sockwright/socketserver";
 *
 * class Upper extends DatagramRequestHandler {
 *   override async handle() {
 *     await this.wfile.write(String(await this.rfile.readline()).toUpperCase());
 *   }
 * }
 *
 * await using server = new UDPServer({ host: "127.0.0.1", port: 0 }, Upper);
 * await server.bind_and_activate();
 * const client = new Socket(AF_INET, SOCK_DGRAM);
 * await client.sendto("hello", server.server_address);
 * await server.handle_request();
 * console.log(String(await client.recv(1024))); // => HELLO
 * client.close();
 * ```
 */
export class DatagramRequestHandler extends BaseRequestHandler<DatagramRequest> {
  #packet: Buffer | undefined;
  #socket: Socket | undefined;
  #rfile: MemoryFile | undefined;
  #wfile: MemoryFile | undefined;

  /** The datagram. */
  get packet(): Buffer {
    return this.#packet ?? throwNotSetUp("packet");
  }

  /** Replaces it, as a subclass does in its `setup()`. */
  set packet(packet: Buffer) {
    this.#packet = packet;
  }

  /** The socket of the server. */
  get socket(): Socket {
    return this.#socket ?? throwNotSetUp("socket");
  }

  /** Replaces it, as a subclass does in its `setup()`. */
  set socket(socket: Socket) {
    this.#socket = socket;
  }

  /** The file that reads the datagram. */
  get rfile(): MemoryFile {
    return this.#rfile ?? throwNotSetUp("rfile");
  }

  /** Replaces it, as a subclass does in its `setup()`. */
  set rfile(file: MemoryFile) {
    this.#rfile = file;
  }

  /** The file that collects the answer. */
  get wfile(): MemoryFile {
    return this.#wfile ?? throwNotSetUp("wfile");
  }

  /** Replaces it, as a subclass does in its `setup()`. */
  set wfile(file: MemoryFile) {
    this.#wfile = file;
  }

  /**
   * Makes the files.
   *
   * @example See {@link DatagramRequestHandler}.
   */
  override setup(): Awaitable<void> {
    [this.packet, this.socket] = this.request;
    this.rfile = new MemoryFile(this.packet);
    this.wfile = new MemoryFile();
  }

  /**
   * Sends the answer.
   *
   * @throws SocketError `EMSGSIZE` …, and `EINVAL` for a Unix client with an unbound socket.
   * @example See {@link DatagramRequestHandler}.
   */
  override finish(): Awaitable<void> {
    return this.#answer();
  }

  async #answer(): Promise<void> {
    // The setup() of a subclass may have made no files: then there is no answer.
    if (this.#wfile === undefined) return;
    await this.#wfile.flush();
    await this.socket.sendto(this.#wfile.getvalue(), this.client_address);
  }
}

/** Throws for a field that setup() makes, before it has run or if a subclass's setup() has not called it. */
function throwNotSetUp(name: string): never {
  // The code and the form of the message are Node's.
  const error = new Error(
    `Invalid state: there is no ${name} before setup(); an overriding setup() must call super.setup() first`,
  );
  throw Object.assign(error, { code: "ERR_INVALID_STATE" });
}

/** Waits for a write, and ignores the errors of a client that has closed the connection. */
async function ignoreClientLoss(sent: Promise<unknown>): Promise<void> {
  try {
    await sent;
  } catch (error) {
    if (!(error instanceof SocketError || error instanceof SockwrightError)) throw error;
  }
}
