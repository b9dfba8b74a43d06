import { kernel } from "../native/load.ts";
import { int32 } from "./argument.ts";
import { AF_INET, AF_UNIX, SOCK_CLOEXEC, type SOCK_DGRAM, SOCK_NONBLOCK, SOCK_STREAM } from "./constants.ts";
import { Endpoint } from "./endpoint.ts";
import { type Datagram, Socket } from "./socket.ts";
import { SocketError } from "./socket-error.ts";

type StreamType = typeof SOCK_STREAM;
type DatagramType = typeof SOCK_DGRAM;

/**
 * Makes a socket — socket(2). It is non-blocking and close-on-exec inside, always; the caller closes it.
 *
 * @param family - `AF_INET` (the default), `AF_INET6`, `AF_UNIX`, or any other that the kernel knows.
 * @param type - `SOCK_STREAM` (the default), `SOCK_DGRAM`, `SOCK_SEQPACKET` …
 * @param protocol - 0, the default, is the family's own.
 * @throws SocketError `EAFNOSUPPORT`, `EPROTONOSUPPORT`, `EMFILE`, `EPERM` … · TypeError, RangeError.
 * @example
 * ```ts
 * import { AF_INET6, SOCK_DGRAM, socket } from "sockwright";
 *
 * const udp = socket(AF_INET6, SOCK_DGRAM);
 * udp.bind({ host: "::1", port: 0 });
 * console.log(udp.getsockname().host); // => ::1
 * udp.close();
 * ```
 */
export function socket(family?: number, type?: StreamType, protocol?: number): Socket;
export function socket(family: number, type: DatagramType, protocol?: number): Socket<Datagram>;
export function socket(family: number, type: number, protocol?: number): Socket<Buffer | Datagram>;
export function socket(family: number = AF_INET, type: number = SOCK_STREAM, protocol = 0): Socket<Buffer | Datagram> {
  const bare = bareType(type);
  const handle = kernel.socket(int32("family", family), bare, int32("protocol", protocol));
  if (handle < 0) throw new SocketError("socket", -handle);
  return new Socket(new Endpoint(handle, family, bare, protocol));
}

/**
 * Makes two sockets that are connected to each other — socketpair(2). The caller closes both.
 *
 * @param family - `AF_UNIX`, the default and on Linux the only one.
 * @param type - `SOCK_STREAM` (the default), `SOCK_DGRAM` or `SOCK_SEQPACKET`.
 * @throws SocketError `ENOTSUP` (C's EOPNOTSUPP), `EMFILE` …
 * @example
 * ```ts
 * import { socketpair } from "sockwright";
 *
 * const [left, right] = socketpair();
 * await left.sendall("ping");
 * console.log((await right.recv(16)).toString()); // => ping
 * left.close();
 * right.close();
 * ```
 */
export function socketpair(family?: number, type?: StreamType, protocol?: number): [Socket, Socket];
export function socketpair(family: number, type: DatagramType, protocol?: number): [Socket<Datagram>, Socket<Datagram>];
export function socketpair(
  family: number,
  type: number,
  protocol?: number,
): [Socket<Buffer | Datagram>, Socket<Buffer | Datagram>];
export function socketpair(
  family: number = AF_UNIX,
  type: number = SOCK_STREAM,
  protocol = 0,
): [Socket<Buffer | Datagram>, Socket<Buffer | Datagram>] {
  const bare = bareType(type);
  const handles = new Float64Array(2);
  const result = kernel.socketpair(int32("family", family), bare, int32("protocol", protocol), handles);
  if (result < 0) throw new SocketError("socketpair", -result);
  const end = (handle: number): Socket<Buffer | Datagram> => new Socket(new Endpoint(handle, family, bare, protocol));
  return [end(handles[0] ?? 0), end(handles[1] ?? 0)];
}

// The flags are always on; in `type` they would only make two equal sockets look different.
function bareType(type: unknown): number {
  return int32("type", type) & ~(SOCK_NONBLOCK | SOCK_CLOEXEC);
}
