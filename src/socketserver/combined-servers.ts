// The eight classes that join a server with a mixin.
import type { Socket } from "../socket/internal.ts";
import { ForkingMixIn } from "./forking-mixin.ts";
import { TCPServer } from "./tcp-server.ts";
import { ThreadingMixIn } from "./threading-mixin.ts";
import { UDPServer } from "./udp-server.ts";
import { UnixDatagramServer, UnixStreamServer } from "./unix-server.ts";

/**
 * A {@link TCPServer} that serves its connections concurrently, see {@link ThreadingMixIn} — Python's
 * `socketserver.ThreadingTCPServer`.
 *
 * @example
 * ```ts
 * import { socket } from "sockwright";
 * import { BaseRequestHandler, ThreadingTCPServer } from "sockwright/socketserver";
 *
 * class Echo extends BaseRequestHandler {
 *   override async handle() {
 *     for await (const chunk of this.request) await this.request.sendall(chunk);
 *   }
 * }
 * await using server = new ThreadingTCPServer({ host: "127.0.0.1", port: 0 }, Echo);
 * await server.bind_and_activate();
 * const serving = server.serve_forever();
 *
 * const [first, second] = [socket(), socket()];
 * for (const client of [first, second]) await client.connect(server.server_address);
 * await second.sendall("both are served");
 * console.log(String(await second.recv(100))); // => both are served
 * for (const client of [first, second]) client.close();
 * await server.shutdown();
 * await serving;
 * ```
 */
export class ThreadingTCPServer extends ThreadingMixIn(TCPServer<Socket>) {}

/** A {@link UDPServer} that runs the handlers of its datagrams concurrently. See {@link ThreadingTCPServer}. */
export class ThreadingUDPServer extends ThreadingMixIn(UDPServer) {}

/** A {@link UnixStreamServer} that serves its connections concurrently. See {@link ThreadingTCPServer}. */
export class ThreadingUnixStreamServer extends ThreadingMixIn(UnixStreamServer) {}

/** A {@link UnixDatagramServer} that runs the handlers of its datagrams concurrently. See {@link ThreadingTCPServer}. */
export class ThreadingUnixDatagramServer extends ThreadingMixIn(UnixDatagramServer) {}

/**
 * A {@link TCPServer} that starts a process for each connection, see {@link ForkingMixIn} — Python's
 * `socketserver.ForkingTCPServer`.
 *
 * @example
 * ```ts
 * import { socket } from "sockwright";
 * import { BaseRequestHandler, ForkingTCPServer } from "sockwright/socketserver";
 *
 * // Normally the handler has its own module. Here the children import this one, and must not start a server.
 * export class Hello extends BaseRequestHandler {
 *   override async handle() {
 *     await this.request.sendall(`hello from ${process.send ? "a child" : "the parent"}`);
 *   }
 * }
 * if (process.send === undefined) {
 *   const handler = { module: new URL(import.meta.url), name: "Hello" };
 *   await using server = new ForkingTCPServer({ host: "127.0.0.1", port: 0 }, handler);
 *   await server.bind_and_activate();
 *   const serving = server.serve_forever();
 *
 *   const client = socket();
 *   await client.connect(server.server_address);
 *   console.log(String(await client.recv(100))); // => hello from a child
 *   client.close();
 *   await server.shutdown();
 *   await serving;
 * }
 * ```
 */
export class ForkingTCPServer extends ForkingMixIn(TCPServer) {}

/** A {@link UDPServer} that starts a process for each datagram. See {@link ForkingTCPServer}. */
export class ForkingUDPServer extends ForkingMixIn(UDPServer) {}

/** A {@link UnixStreamServer} that starts a process for each connection, as in Python 3.12. See {@link ForkingTCPServer}. */
export class ForkingUnixStreamServer extends ForkingMixIn(UnixStreamServer) {}

/** A {@link UnixDatagramServer} that starts a process for each datagram, as in Python 3.12. See {@link ForkingTCPServer}. */
export class ForkingUnixDatagramServer extends ForkingMixIn(UnixDatagramServer) {}
