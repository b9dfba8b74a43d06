import type { Socket } from "../socket/internal.ts";
import { type Address, type AddressInput, AF_UNIX, integer, SOCK_DGRAM } from "../socket/values.ts";
import type { Awaitable } from "./base-server.ts";
import { publishFailure } from "./diagnostics.ts";
import { checkRequestsOf, type HandlerClass, type ModuleHandler } from "./handler-class.ts";
import { HandlerRuns } from "./handler-runs.ts";
import type { Taken } from "./pending-requests.ts";
import { StreamRequestHandler } from "./request-handler.ts";
import { TCPServer } from "./tcp-server.ts";

/** The most that can be set for `max_packet_size`: the most that recvfrom(2) is asked for. */
const MAX_PACKET_BYTES = 2_147_479_552;

/** A datagram, and the socket of the server, by which it is answered. */
export type DatagramRequest = [data: Buffer, socket: Socket];

/**
 * A server of datagrams, one after another — Python's `socketserver.UDPServer`. A request is `[data, socket]`, and the socket is
 * the server's. `server_close()` waits for the handlers, whose answers need it.
 *
 * @example See {@link DatagramRequestHandler}.
 */
export class UDPServer extends TCPServer<DatagramRequest> {
  override socket_type: number = SOCK_DGRAM;
  /** How many bytes of a datagram are taken, 8 192; the rest of a longer one is lost. */
  max_packet_size: number = 8192;

  #closing: Promise<void> | undefined;

  /**
   * As that of {@link BaseServer}.
   *
   * @throws as {@link BaseServer}, and TypeError for a {@link StreamRequestHandler}, unless a subclass has a `get_request`.
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
   * Waits for a datagram, of `max_packet_size` bytes at most — recvfrom(2).
   *
   * @example See {@link DatagramRequestHandler}.
   */
  override get_request(): Awaitable<Taken<DatagramRequest>> {
    return this.#receive();
  }

  /**
   * Does nothing: a socket of datagrams does not listen.
   *
   * @example See {@link DatagramRequestHandler}.
   */
  override server_activate(): Awaitable<void> {}

  /**
   * Only calls {@link close_request}: the socket is the server's.
   *
   * @example See {@link DatagramRequestHandler}.
   */
  override shutdown_request(request: DatagramRequest): Awaitable<void> {
    return this.close_request(request);
  }

  /**
   * Does nothing: the socket is the server's.
   *
   * @example See {@link DatagramRequestHandler}.
   */
  override close_request(_request: DatagramRequest): Awaitable<void> {}

  /** @internal */
  override get waits_for_handlers(): boolean {
    return true;
  }

  /** Answers use the socket: it is closed when the last handler has ended. @internal */
  override async end_socket(): Promise<void> {
    this.#closing ??= this.#close();
    if (!HandlerRuns.isWithin) return this.#closing;
    // The handler that closes the server may have an answer to send, too: the socket is closed behind it.
    this.#closing.catch(() => undefined);
    await this.handler_runs.othersEnded();
    if (this.handler_runs.size === 0) return this.#closing;
    this.#closing.catch((error: unknown) => publishFailure({ error, server: this, hook: "server_close" }));
  }

  async #receive(): Promise<Taken<DatagramRequest>> {
    const { socket } = this;
    const room = integer("max_packet_size", this.max_packet_size, 0, MAX_PACKET_BYTES);
    const [data, address] = await socket.recvfrom(room, { signal: this.wait_signal });
    return [[data, socket], address ?? unnamed(socket.family)];
  }

  async #close(): Promise<void> {
    await this.handler_runs.allEnded();
    this.close_socket();
  }
}

/** A client that is bound to nothing. It can be sent nothing either. */
function unnamed(family: number): Address {
  return family === AF_UNIX ? { family: AF_UNIX, path: "" } : { family, bytes: new Uint8Array(0) };
}
