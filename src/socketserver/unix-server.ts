import { AF_UNIX } from "../socket/values.ts";
import { TCPServer } from "./tcp-server.ts";
import { UDPServer } from "./udp-server.ts";

/** A {@link TCPServer} at a Unix socket, unix(7) — Python's `socketserver.UnixStreamServer`. */
export class UnixStreamServer extends TCPServer {
  override address_family: number = AF_UNIX;
}

/** A {@link UDPServer} at a Unix socket, unix(7) — Python's `socketserver.UnixDatagramServer`. */
export class UnixDatagramServer extends UDPServer {
  override address_family: number = AF_UNIX;
}
