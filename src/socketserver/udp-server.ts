import type { Socket } from "../socket/internal.ts";
import { type Address, type AddressInput, AF_UNIX, integer, SOCK_DGRAM } from "../socket/values.ts";
import type { Awaitable } from "./base-server.ts";
import { publishFailure } from "./diagnostics.ts";
import { checkRequestsOf, type HandlerClass, type ModuleHandler } from "./handler-class.ts";
import { HandlerRuns } from "./handler-runs.ts";
import type { RequestWithAddress } from "./pending-requests.ts";
import { StreamRequestHandler } from "./request-handler.ts";
import { TCPServer } from "./tcp-server.ts";

/** The largest `max_packet_size`, which recvfrom(2) accepts; above it `get_request()` rejects with a RangeError. */
const MAX_PACKET_BYTES = 2_147_479_552;

/** A datagram, and the socket of the server, through which the handler answers. */
export type DatagramRequest = [data: Buffer, socket: Socket];

/**
 * A server that handles one datagram after another — Python's `socketserver.UDPServer`. A request is `[data, socket]`, where
 * `socket` is the server's socket. `server_close()` waits for the handlers, because their answers need the socket.
 *
 * @example See {@link DatagramRequestHandler}.
 */
export class UDPServer extends TCPServer<DatagramRequest> {
  override socket_type: number = SOCK_DGRAM;
  /** The most bytes that are received of a datagram, 0 to 2 147 479 552, default 8 192; the rest of a longer one is lost. */
  max_packet_size: number = 8192;

  #closing: Promise<void> | undefined;

  /**
   * Stores its arguments, as {@link BaseServer} does.
   *
   * @throws as {@link BaseServer}, and TypeError for a {@link StreamRequestHandler}, unless a subclass overrides `get_request`.
   */
  constructor(
    server_address: AddressInput,
    RequestHandlerClass: HandlerClass<DatagramRequest> | ModuleHandler,
    bind_and_activate = true,
  ) {
    super(server_address, RequestHandlerClass, bind_and_activate);
    if (this.get_request !== UDPServer.prototype.get_request) return;
    checkRequestsOf(RequestHandlerClass, StreamRequestHandler, "datagrams, such as a DatagramRequestHandler");
  }

  /**
   * Waits for a datagram, and receives at most `max_packet_size` bytes of it — recvfrom(2).
   *
   * @example See {@link DatagramRequestHandler}.
   */
  override get_request(): Awaitable<RequestWithAddress<DatagramRequest>> {
    return this.#receive();
  }

  /**
   * Does nothing: a datagram socket does not listen.
   *
   * @example See {@link DatagramRequestHandler}.
   */
  override server_activate(): Awaitable<void> {}

  /**
   * Only calls {@link close_request}: the socket belongs to the server.
   *
   * @example See {@link DatagramRequestHandler}.
   */
  override shutdown_request(request: DatagramRequest): Awaitable<void> {
    return this.close_request(request);
  }

  /**
   * Does nothing: the socket belongs to the server.
   *
   * @example See {@link DatagramRequestHandler}.
   */
  override close_request(_request: DatagramRequest): Awaitable<void> {}

  /** @internal */
  override get waits_for_handlers(): boolean {
    return true;
  }

  /** Closes the socket when the last handler has ended, since answers need it. @internal */
  override async end_socket(): Promise<void> {
    this.#closing ??= this.#close();
    if (!HandlerRuns.isInHandler) return this.#closing;
    // The handler that closes the server may still send an answer: the socket closes after it.
    this.#closing.catch(() => undefined);
    await this.handler_runs.awaitOthers();
    if (this.handler_runs.size === 0) return this.#closing;
    this.#closing.catch((error: unknown) => publishFailure({ error, server: this, hook: "server_close" }));
  }

  async #receive(): Promise<RequestWithAddress<DatagramRequest>> {
    const { socket } = this;
    const maxBytes = integer("max_packet_size", this.max_packet_size, 0, MAX_PACKET_BYTES);
    const [data, address] = await socket.recvfrom(maxBytes, { signal: this.wait_signal });
    return [[data, socket], address ?? unnamedAddress(socket.family)];
  }

  async #close(): Promise<void> {
    await this.handler_runs.awaitAll();
    this.close_socket();
  }
}

/** Returns the address of a client with an unbound socket, which cannot be answered. */
function unnamedAddress(family: number): Address {
  return family === AF_UNIX ? { family: AF_UNIX, path: "" } : { family, bytes: new Uint8Array(0) };
}
