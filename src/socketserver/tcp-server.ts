import { acceptAction, pauseForShortage, readableWithin, Socket, SocketDescriptor } from "../socket/internal.ts";
import {
  type AddressInput,
  AF_INET,
  EAGAIN,
  integer,
  isInternet,
  SHUT_WR,
  SO_REUSEADDR,
  SO_REUSEPORT,
  SOCK_STREAM,
  SOL_SOCKET,
  SocketError,
  SockwrightError,
} from "../socket/values.ts";
import { type Awaitable, BaseServer, type FailureReaction } from "./base-server.ts";
import { BoundPath } from "./bound-path.ts";
import { checkRequestsOf, type HandlerClass, type ModuleHandler } from "./handler-class.ts";
import type { RequestWithAddress } from "./pending-requests.ts";
import { DatagramRequestHandler } from "./request-handler.ts";
import { resolveAddress } from "./server-name.ts";

/** The largest `request_queue_size` that listen(2) accepts; above it `server_activate()` throws a RangeError. */
const MAX_QUEUE_SIZE = 2_147_483_647;

/**
 * A server with a listening socket that handles one connection after another — Python's `socketserver.TCPServer`. Python's
 * class attributes are instance fields here: `override allow_reuse_address = true`.
 *
 * @example
 * ```ts
 * import { Socket } from "sockwright";
 * import { StreamRequestHandler, TCPServer } from "sockwright/socketserver";
 *
 * class Echo extends StreamRequestHandler {
 *   override async handle() {
 *     for await (const line of this.rfile) await this.wfile.write(line);
 *   }
 * }
 *
 * await using server = new TCPServer({ host: "127.0.0.1", port: 0 }, Echo);
 * await server.bind_and_activate();
 * const serving = server.serve_forever();
 *
 * const client = new Socket();
 * await client.connect(server.server_address);
 * await client.sendall("hello\n");
 * console.log(String(await client.recv(1024)).trim()); // => hello
 * client.close();
 *
 * await server.shutdown();
 * await serving;
 * ```
 */
export class TCPServer<Request = Socket> extends BaseServer<Request> {
  /** The family of the socket, default `AF_INET`. A host name resolves to its first address of that family. */
  address_family: number = AF_INET;
  /** The type of the socket, default `SOCK_STREAM`. */
  socket_type: number = SOCK_STREAM;
  /** The number of connections that may wait to be accepted, 0 to 2^31-1, default 5; see listen(2). */
  request_queue_size: number = 5;
  /** Whether `server_bind()` sets SO_REUSEADDR, socket(7). Default false. */
  allow_reuse_address: boolean = false;
  /** Whether `server_bind()` sets SO_REUSEPORT, socket(7). Default false. Only an IPv4 or IPv6 address can be shared. */
  allow_reuse_port: boolean = false;

  #socket: Socket | undefined;
  #path: BoundPath | undefined;
  #isClosed = false;

  /**
   * Stores its arguments, as {@link BaseServer} does. The requests are sockets, unless the type says otherwise: `new Server<Kind>(…)`.
   *
   * @throws as {@link BaseServer}, and TypeError for a {@link DatagramRequestHandler}, unless a subclass overrides `get_request`.
   */
  constructor(
    server_address: AddressInput,
    // TypeScript must not infer the type of the requests from the handler.
    RequestHandlerClass: HandlerClass<NoInfer<Request>> | ModuleHandler,
    bind_and_activate = true,
  ) {
    super(server_address, RequestHandlerClass, bind_and_activate);
    if (this.get_request !== TCPServer.prototype.get_request) return;
    checkRequestsOf(RequestHandlerClass, DatagramRequestHandler, "connections, such as a StreamRequestHandler");
  }

  /**
   * The socket of the server, of layer 1. The first access makes it, in `server_bind()` or earlier. A subclass can replace it.
   */
  get socket(): Socket {
    if (this.#socket === undefined) {
      if (this.#isClosed) throw new SockwrightError("ERR_SOCKWRIGHT_CLOSED");
      this.#socket = new Socket(this.address_family, this.socket_type);
    }
    return this.#socket;
  }

  /** Replaces the socket, for a subclass that has its own. */
  set socket(socket: Socket) {
    this.#socket = socket;
  }

  /**
   * Returns the number of the socket's descriptor, or -1 after `server_close()`.
   *
   * @example See {@link TCPServer}.
   */
  fileno(): number {
    return this.#isClosed ? -1 : this.socket.fileno();
  }

  /**
   * Sets the socket options, binds the socket to `server_address` (for a host name, to its first address), and stores the bound
   * address in `server_address`.
   *
   * @throws as {@link BaseServer.bind_and_activate}.
   * @example
   * ```ts
   * import { BaseRequestHandler, TCPServer } from "sockwright/socketserver";
   *
   * const server = new TCPServer({ host: "localhost", port: 0 }, BaseRequestHandler, false);
   * server.allow_reuse_address = true;
   * await server.server_bind();
   * await server.server_activate();
   * console.log(server.server_address.host); // => 127.0.0.1
   * await server.server_close();
   * ```
   */
  server_bind(): Awaitable<void> {
    return this.#bind();
  }

  /**
   * Makes the socket listen — listen(2), with `request_queue_size`.
   *
   * @throws SocketError · RangeError naming `request_queue_size`.
   * @example See {@link server_bind}.
   */
  override server_activate(): Awaitable<void> {
    this.socket.listen(integer("request_queue_size", this.request_queue_size, 0, MAX_QUEUE_SIZE));
  }

  /**
   * Closes the server for good: closes the socket, and removes the path of a Unix socket that it was bound to. `serve_forever()`
   * resolves after the request in progress. A second call has no effect.
   *
   * @example See {@link TCPServer}.
   */
  override async server_close(): Promise<void> {
    await super.server_close();
    await this.end_socket();
  }

  /**
   * Waits for a connection. Returns its socket and the client's address — accept(2).
   *
   * @example See {@link TCPServer}.
   */
  override get_request(): Awaitable<RequestWithAddress<Request>> {
    const accepted: Promise<unknown> = this.socket.accept({ signal: this.wait_signal });
    // A subclass with another kind of request overrides get_request, as UDPServer does.
    return accepted as Promise<RequestWithAddress<Request>>;
  }

  /**
   * Shuts down the sending direction, and closes the request.
   *
   * @example See {@link TCPServer}.
   */
  override shutdown_request(request: Request): Awaitable<void> {
    if (request instanceof SocketDescriptor) endSending(request);
    return this.close_request(request);
  }

  /**
   * Closes the socket of the request, and its open files.
   *
   * @example See {@link TCPServer}.
   */
  override close_request(request: Request): Awaitable<void> {
    if (!(request instanceof SocketDescriptor)) return;
    const endpoint = SocketDescriptor.endpointOf(request);
    request.close();
    // Files that the handler has left open would keep the descriptor.
    endpoint.close();
  }

  /** @internal */
  override discard(request: Request): void {
    if (request instanceof SocketDescriptor) SocketDescriptor.endpointOf(request).close();
  }

  /** @internal */
  override async prepare(): Promise<void> {
    await this.server_bind();
    await this.server_activate();
  }

  /** @internal */
  override await_readable(waitMs: number | null, signal: AbortSignal): Awaitable<boolean> {
    return readableWithin(SocketDescriptor.endpointOf(this.socket), waitMs, signal);
  }

  /** @internal */
  override request_timeout(): number | null {
    const own = super.request_timeout();
    const ofSocket = this.socket.gettimeout();
    if (ofSocket === null) return own;
    return own === null ? ofSocket : Math.min(own, ofSocket);
  }

  /** @internal */
  override reaction_to(error: unknown): FailureReaction {
    if (error instanceof SocketError && error.errno === -EAGAIN) return "ignore";
    // The program has closed the socket itself, without server_close(): no request can come any more.
    if (this.#socket?.closed === true) return "stop";
    if (!(error instanceof SocketError) || error.syscall !== "accept") return super.reaction_to(error);
    // The server has no spare descriptor, so it cannot accept and close a connection.
    const action = acceptAction(error, false);
    return action === "shed" ? "pause" : action;
  }

  /** @internal */
  override async pause(signal: AbortSignal): Promise<void> {
    await pauseForShortage(SocketDescriptor.endpointOf(this.socket), signal);
  }

  /** Closes the socket; `server_close()` calls it. @internal */
  end_socket(): Awaitable<void> {
    this.close_socket();
  }

  async #bind(): Promise<void> {
    const { socket } = this;
    if (this.allow_reuse_address) socket.setsockopt(SOL_SOCKET, SO_REUSEADDR, 1);
    if (this.allow_reuse_port && isInternet(socket.family)) socket.setsockopt(SOL_SOCKET, SO_REUSEPORT, 1);
    socket.bind(await resolveAddress(socket, this.server_address));
    this.server_address = socket.getsockname();
    this.#path = BoundPath.of(this.server_address);
  }

  /** Closes the socket, and removes the path that it was bound to. @internal */
  close_socket(): void {
    const path = this.#path;
    this.#path = undefined;
    this.#isClosed = true;
    try {
      path?.remove();
    } finally {
      this.#socket?.close();
    }
  }
}

/** Calls shutdown(2). It ignores ENOTCONN of a client that has closed, and a socket that the handler has closed. */
function endSending(request: SocketDescriptor): void {
  try {
    request.shutdown(SHUT_WR);
  } catch (error) {
    if (!(error instanceof SocketError || error instanceof SockwrightError)) throw error;
  }
}
