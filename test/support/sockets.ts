// Sockets of every type. Each is closed when the test ends.
import { onTestFinished } from "vitest";
import {
  type AddressInput,
  AF_INET,
  AF_UNIX,
  type Listener,
  SO_LINGER,
  SOCK_DGRAM,
  type SOCK_SEQPACKET,
  SOL_SOCKET,
  type Socket,
  socket,
  socketpair,
} from "../../src/index.ts";

export type Ends = readonly [ours: Socket, peer: Socket];

/** Closes the sockets when the test ends. */
export function closeAtTheEnd<Sockets extends readonly { close(): void }[]>(...sockets: Sockets): Sockets {
  onTestFinished(() => {
    for (const each of sockets) each.close();
  });
  return sockets;
}

/** A stream socket that is not connected. */
export function openStream(family?: number): Socket {
  const [opened] = closeAtTheEnd(socket(family));
  return opened;
}

/** A datagram socket, bound to a free port or to a new name. */
export function openDatagrams(family: number = AF_INET) {
  const [opened] = closeAtTheEnd(socket(family, SOCK_DGRAM));
  opened.bind(family === AF_UNIX ? { path: "" } : { host: "localhost", port: 0 });
  return opened;
}

/** A TCP listener on a free loopback port. */
export function listenOnLoopback(backlog?: number): Listener {
  const listener = openStream();
  listener.bind({ host: "127.0.0.1", port: 0 });
  return listener.listen(backlog);
}

/** A client of the listener at the address, or at the loopback port. */
export async function connectTo(address: number | AddressInput, timeoutMs?: number): Promise<Socket> {
  const client = openStream(typeof address !== "number" && "path" in address ? AF_UNIX : undefined);
  if (timeoutMs !== undefined) client.settimeout(timeoutMs);
  await client.connect(typeof address === "number" ? { host: "127.0.0.1", port: address } : address);
  return client;
}

/** Both ends of a TCP connection. */
export async function tcpPair(): Promise<Ends> {
  const listener = listenOnLoopback();
  const ours = openStream();
  const [[peer]] = await Promise.all([listener.accept(), ours.connect(listener.getsockname())]);
  listener.close();
  closeAtTheEnd(peer);
  return [ours, peer];
}

/** Two connected Unix stream sockets. */
export function unixPair(): [Socket, Socket] {
  return closeAtTheEnd(...socketpair());
}

/** Two connected sockets that keep record boundaries. */
export function recordPair(type: typeof SOCK_DGRAM | typeof SOCK_SEQPACKET) {
  return closeAtTheEnd(...socketpair(AF_UNIX, type));
}

/** socket(7), SO_LINGER: on, with zero seconds: close(2) discards the queued bytes and sends a reset. */
export const RESET_AT_CLOSE = new Uint8Array(new Int32Array([1, 0]).buffer);

/** Closes a TCP socket with a reset. */
export function resetTcp(peer: Socket): void {
  peer.setsockopt(SOL_SOCKET, SO_LINGER, RESET_AT_CLOSE);
  peer.close();
}

/** Reads a stream until its end. */
export async function allBytes(stream: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const pieces: Uint8Array[] = [];
  for await (const piece of stream) pieces.push(Uint8Array.from(piece));
  return Buffer.concat(pieces);
}

/** Closes the object when the test ends. */
export function closing<Closable extends { close(): void }>(it: Closable): Closable {
  onTestFinished(() => it.close());
  return it;
}

/** A client of the TCP server at the URL. */
export function connectToUrl(url: string): Promise<Socket> {
  return connectTo(Number(new URL(url).port));
}
