import type { Datagram, Socket } from "../../socket/internal.ts";
import type { UnixPath } from "./unix-path.ts";

/** A socket of layer 1, and the path that it may have in the file system. */
export class OpenSocket {
  readonly socket: Socket<Buffer | Datagram>;
  readonly #path: UnixPath | undefined;

  constructor(socket: Socket<Buffer | Datagram>, path?: UnixPath) {
    // Servers and clients by URL have deadlines of their own: the program's setdefaulttimeout() is for its own sockets.
    socket.settimeout(null);
    this.socket = socket;
    this.#path = path;
  }

  /** The path goes first: once the socket is closed, somebody else may have taken it over. */
  close(): void {
    this.#path?.remove();
    this.socket.close();
  }
}
