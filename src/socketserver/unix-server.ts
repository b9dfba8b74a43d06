import { AF_UNIX } from "../socket/values.ts";
import { TCPServer } from "./tcp-server.ts";
import { UDPServer } from "./udp-server.ts";

/**
 * A {@link TCPServer} at a Unix socket, unix(7) — Python's `socketserver.UnixStreamServer`. Its path is removed when it is closed.
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
 * A {@link UDPServer} at a Unix socket, unix(7) — Python's `socketserver.UnixDatagramServer`. Its path is removed when it is
 * closed. A client that is bound to nothing has the path `""`, and can be sent no answer.
 *
 * @example See {@link UnixStreamServer}.
 */
export class UnixDatagramServer extends UDPServer {
  override address_family: number = AF_UNIX;
}
