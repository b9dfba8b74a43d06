import type { SOCK_DGRAM, SOCK_RAW, SOCK_SEQPACKET, SOCK_STREAM } from "./constants.ts";
import { type Datagram, Socket as SocketOf } from "./socket.ts";

/** The socket types that yield Buffers: chunks of a stream, or records. */
type BytesType = typeof SOCK_STREAM | typeof SOCK_SEQPACKET | typeof SOCK_RAW;

/**
 * The type of the value {@link Socket}. A class declaration cannot express that the type of its items depends on an argument of
 * its constructor.
 */
export interface SocketConstructor {
  /** For `instanceof`. */
  readonly prototype: SocketOf<unknown>;
  new (family?: number, type?: BytesType, protocol?: number): SocketOf;
  new <Item extends Datagram>(family: number, type: typeof SOCK_DGRAM, protocol?: number): SocketOf<Item>;
  new <Item extends Buffer | Datagram>(family: number, type: number, protocol?: number): SocketOf<Item>;
}

/**
 * A BSD socket, socket(7), with the calls of C and Python under their own names. `new Socket(family, type, protocol)` is
 * the same as {@link socket}. A program's own class may extend it; a class of datagram sockets extends `Socket<Datagram>`.
 * {@link Socket.accept} and {@link Socket.dup} return a plain Socket, as in Python.
 *
 * @throws as {@link socket}.
 * @example
 * ```ts
 * import { AF_INET, SO_REUSEADDR, SOCK_STREAM, SOL_SOCKET, Socket } from "sockwright";
 *
 * class Server extends Socket {
 *   constructor(port: number) {
 *     super(AF_INET, SOCK_STREAM);
 *     this.setsockopt(SOL_SOCKET, SO_REUSEADDR, 1);
 *     this.bind({ host: "127.0.0.1", port });
 *     this.listen();
 *   }
 * }
 *
 * const server = new Server(0);
 * const client = new Socket();
 * await client.connect(server.getsockname());
 * const [peer] = await server.accept();
 * console.log(server instanceof Socket, peer instanceof Server, peer instanceof Socket); // => true false true
 * for (const each of [server, client, peer]) each.close();
 * ```
 * @class
 */
export const Socket: SocketConstructor = SocketOf;
/** The type of a socket; see the value of the same name and its class. */
export type Socket<Item = Buffer> = SocketOf<Item>;
