import { AF_UNIX } from "../socket/values.ts";
import { TCPServer } from "./tcp-server.ts";
import { UDPServer } from "./udp-server.ts";

/**
 * A {@link TCPServer} on a Unix socket, unix(7) — Python's `socketserver.UnixStreamServer`. It removes its path when it closes.
 *
 * @example
 * ```ts
 * import { BaseRequestHandler, UnixStreamServer } from "sockwright/socketserver";
 *
 * await using server = new UnixStreamServer({ abstract: "an-example" }, BaseRequestHandler);
 * await server.bind_and_activate();
 * console.log(server.server_address.abstract); // => an-example
 * ```
 */
export class UnixStreamServer extends TCPServer {
  override address_family: number = AF_UNIX;
}

/**
 * A {@link UDPServer} on a Unix socket, unix(7) — Python's `socketserver.UnixDatagramServer`. It removes its path when it
 * closes. A client with an unbound socket has the path `""`, and cannot be answered.
 *
 * @example See {@link UnixStreamServer}.
 */
export class UnixDatagramServer extends UDPServer {
  override address_family: number = AF_UNIX;
}
