import type { Datagram, Socket } from "../../socket/internal.ts";
import type { UnixPath } from "./unix-path.ts";

/** An open socket of layer 1, with the Unix path that it may be bound to. */
export class OpenSocket {
  readonly socket: Socket<Buffer | Datagram>;
  readonly #path: UnixPath | undefined;

  constructor(socket: Socket<Buffer | Datagram>, path?: UnixPath) {
    // Servers and clients by URL have their own deadlines: setdefaulttimeout() is for the program's own sockets.
    socket.settimeout(null);
    this.socket = socket;
    this.#path = path;
  }

  /** Removes the path, and then closes the socket: after the close another process may take the path over. */
  close(): void {
    this.#path?.remove();
    this.socket.close();
  }
}
