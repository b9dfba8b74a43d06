// Sockets of node:net and node:dgram to compare ours with, closed when the test ends.
import { createSocket, type Socket as DatagramSocket } from "node:dgram";
import { once } from "node:events";
import { connect, createServer, type NetConnectOpts, type Server, Socket } from "node:net";
import { onTestFinished } from "vitest";

/** Returns the error of the next `error` event. */
export async function errorOf(emitter: Server | Socket | DatagramSocket): Promise<unknown> {
  const [error] = await once(emitter, "error");
  return error;
}

/** Returns the error with which node:net fails to connect. */
export function nodeConnectError(options: NetConnectOpts): Promise<unknown> {
  return errorOf(connect(options));
}

/** Returns the error with which a net.Server fails to listen. */
export function nodeListenError(address: { host: string; port: number } | { path: string }): Promise<unknown> {
  return errorOf(createServer().listen(address));
}

/** Starts a net.Server that calls `onConnection` for each connection until the test ends. Returns its port. */
export async function nodeServer(onConnection: (peer: Socket) => void): Promise<number> {
  const server = createServer({ allowHalfOpen: true }, onConnection);
  onTestFinished(() => void server.close());
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the server has no port");
  return address.port;
}

/** A net.Socket that takes ownership of a descriptor. */
export function nodeSocket(descriptor: number, direction: "readable" | "writable"): Socket {
  const peer = new Socket({
    fd: descriptor,
    allowHalfOpen: true,
    readable: direction === "readable",
    writable: direction === "writable",
  });
  onTestFinished(() => void peer.destroy());
  return peer;
}

/** A node:dgram socket, closed when the test ends. */
export function nodeDatagramSocket(type: "udp4" | "udp6"): DatagramSocket {
  const datagrams = createSocket(type);
  onTestFinished(() => new Promise<void>((resolve) => datagrams.close(() => resolve())));
  return datagrams;
}

/** Returns the error that a node:dgram call passes to its callback. */
export function callbackError(call: (callback: (error?: Error | null) => void) => void): Promise<unknown> {
  return new Promise((resolve, reject) => {
    call((error) => (error instanceof Error ? resolve(error) : reject(new Error("there was no error"))));
  });
}
