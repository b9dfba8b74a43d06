import { acceptAction, readableWithin, Socket, SocketDescriptor, shortagePaused } from "../socket/internal.ts";
import {
  AF_INET,
  EAGAIN,
  integer,
  SHUT_WR,
  SO_REUSEADDR,
  SO_REUSEPORT,
  SOCK_STREAM,
  SOL_SOCKET,
  SocketError,
  SockwrightError,
} from "../socket/values.ts";
import { type Awaitable, BaseServer, type RequestFailure } from "./base-server.ts";
import { BoundPath } from "./bound-path.ts";
import type { Taken } from "./pending-requests.ts";
import { resolved } from "./server-name.ts";

/** The most that listen(2) takes. */
const MAX_QUEUE_SIZE = 2_147_483_647;

/** A server with a listening socket, one connection after the other — Python's `socketserver.TCPServer`. */
export class TCPServer<Request = Socket> extends BaseServer<Request> {
  /** The family of the socket, `AF_INET`; of a host name the first address of that family is taken. */
  address_family: number = AF_INET;
  /** The type of the socket, `SOCK_STREAM`. */
  socket_type: number = SOCK_STREAM;
  /** How many connections may wait to be accepted, 5; see listen(2). */
  request_queue_size: number = 5;
  /** Whether `server_bind()` sets SO_REUSEADDR, socket(7); false. */
  allow_reuse_address: boolean = false;
  /** Whether `server_bind()` sets SO_REUSEPORT, socket(7); false. */
  allow_reuse_port: boolean = false;

  #socket: Socket | undefined;
  #path: BoundPath | undefined;
  #isClosed = false;

  /** The socket of the server, made when it is first asked for. It can be replaced until the server is bound. */
  get socket(): Socket {
    if (this.#socket === undefined) {
      if (this.#isClosed) throw new SockwrightError("ERR_SOCKWRIGHT_CLOSED");
      this.#socket = new Socket(this.address_family, this.socket_type);
    }
    return this.#socket;
  }

  set socket(socket: Socket) {
    this.#socket = socket;
  }

  /** The number of the socket's descriptor, -1 after `server_close()`. */
  fileno(): number {
    return this.#isClosed ? -1 : this.socket.fileno();
  }

  /** Binds the socket to `server_address`, and notes there what it has got. */
  server_bind(): Awaitable<void> {
    return this.#bind();
  }

  override server_activate(): Awaitable<void> {
    this.socket.listen(integer("request_queue_size", this.request_queue_size, 0, MAX_QUEUE_SIZE));
  }

  override async server_close(): Promise<void> {
    await super.server_close();
    await this.end_socket();
  }

  /** Waits for a connection, and gives its socket. */
  override get_request(): Awaitable<Taken<Request>> {
    const accepted: Promise<unknown> = this.socket.accept({ signal: this.wait_signal });
    // Whoever has another kind of request has a get_request of his own, as UDPServer.
    return accepted as Promise<Taken<Request>>;
  }

  /** Ends what is sent, and closes the request. */
  override shutdown_request(request: Request): Awaitable<void> {
    if (request instanceof SocketDescriptor) endSending(request);
    return this.close_request(request);
  }

  override close_request(request: Request): Awaitable<void> {
    if (!(request instanceof SocketDescriptor)) return;
    const endpoint = SocketDescriptor.endpointOf(request);
    request.close();
    // Files of it that the handler has left open would keep the descriptor.
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
  override readable(waitMs: number | null, signal: AbortSignal): Awaitable<boolean> {
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
  override failure_of(error: unknown): RequestFailure {
    if (error instanceof SocketError && error.errno === -EAGAIN) return "ignore";
    if (!(error instanceof SocketError) || error.syscall !== "accept") return super.failure_of(error);
    const action = acceptAction(error, false);
    if (action === "stop" || action === "pause") return action;
    return "publish";
  }

  /** @internal */
  override async pause(signal: AbortSignal): Promise<void> {
    await shortagePaused(SocketDescriptor.endpointOf(this.socket), signal);
  }

  /** What `server_close()` does about the socket. @internal */
  end_socket(): Awaitable<void> {
    this.close_socket();
  }

  async #bind(): Promise<void> {
    const { socket } = this;
    if (this.allow_reuse_address) socket.setsockopt(SOL_SOCKET, SO_REUSEADDR, 1);
    if (this.allow_reuse_port) socket.setsockopt(SOL_SOCKET, SO_REUSEPORT, 1);
    socket.bind(await resolved(socket, this.server_address));
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

/** shutdown(2); a client that has gone makes it ENOTCONN, and a handler may have closed the socket. */
function endSending(request: SocketDescriptor): void {
  try {
    request.shutdown(SHUT_WR);
  } catch (error) {
    if (!(error instanceof SocketError || error instanceof SockwrightError)) throw error;
  }
}
