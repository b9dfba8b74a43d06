import { generationOf, type Handle, slotOf } from "../native/kernel.ts";
import { addonError, kernel } from "../native/load.ts";
import * as turn from "../native/turn.ts";
import { int32, wrongValue } from "./argument.ts";
import {
  AF_INET,
  AF_UNIX,
  SO_ACCEPTCONN,
  SO_DOMAIN,
  SO_LINGER,
  SO_PROTOCOL,
  SO_TYPE,
  type SOCK_DGRAM,
  SOCK_STREAM,
  SOL_SOCKET,
} from "./constants.ts";
import { Endpoint, expectLingering } from "./endpoint.ts";
import { EEXIST } from "./errno.ts";
import { bareType, familyOf } from "./open-endpoint.ts";
import { type Datagram, Socket } from "./socket.ts";
import { SocketError, succeed } from "./socket-error.ts";

// Sockets need the addon: importing this module without one throws at once, and the error says what to do.
if (addonError !== undefined) throw addonError;

const OWNED = "a Socket of this process has the descriptor: call its detach() first";

type StreamType = typeof SOCK_STREAM;
type DatagramType = typeof SOCK_DGRAM;

/**
 * Makes a socket — socket(2). It is always non-blocking and close-on-exec; the caller closes it.
 *
 * @param family - `AF_INET` (the default), `AF_INET6`, `AF_UNIX`, or any other family that the kernel supports.
 * @param type - `SOCK_STREAM` (the default), `SOCK_DGRAM`, `SOCK_SEQPACKET` …
 * @param protocol - 0, the default, selects the family's own protocol.
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
  return new Socket(family, type, protocol);
}

/**
 * Makes two sockets that are connected to each other — socketpair(2). The caller closes both.
 *
 * @param family - `AF_UNIX`, the default and the only family that Linux supports here.
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
  const result = kernel.socketpair(familyOf(family), bare, int32("protocol", protocol), handles);
  if (result < 0) throw new SocketError("socketpair", -result);
  const end = (handle: number): Socket<Buffer | Datagram> => new Socket(new Endpoint(handle, family, bare, protocol));
  return [end(handles[0] ?? 0), end(handles[1] ?? 0)];
}

/**
 * Takes over a socket that is already open, like Python's `socket.socket(fileno=…)`: one that the program inherited, or that
 * another library has given up. It is the counterpart of {@link Socket.detach}.
 *
 * @param descriptor - its number. From now on the Socket owns and closes it; no other code may. It becomes non-blocking and
 * close-on-exec. O_NONBLOCK belongs to the open socket, so it applies in every process that shares the socket.
 * @returns a Socket with the family, type and protocol that the kernel reports.
 * @throws SocketError `EBADF`, `ENOTSOCK`, and `EEXIST` if a Socket already owns the descriptor; the caller keeps it then.
 * @example
 * ```ts
 * import { adopt, AF_INET, SOCK_DGRAM, socket } from "sockwright";
 *
 * const descriptor = socket(AF_INET, SOCK_DGRAM).detach();
 * const udp = adopt(descriptor);
 * console.log(udp.type === SOCK_DGRAM); // => true
 * udp.close();
 * ```
 */
export function adopt(descriptor: number): Socket<Buffer | Datagram> {
  const handle = kernel.adopt(int32("descriptor", descriptor));
  if (handle < 0) throw new SocketError("adopt", -handle, undefined, handle === -EEXIST ? { advice: OWNED } : "short");
  const option = (name: number): number => optionOf(handle, name);
  return new Socket(adoptEndpoint(handle, option(SO_DOMAIN), option(SO_TYPE), option(SO_PROTOCOL)));
}

/**
 * Makes a Socket from a duplicate of a descriptor — Python's fromfd; dup(2). The caller keeps the original and closes it. To
 * hand over the original, use {@link adopt}.
 *
 * @param descriptor - of a socket with any owner. It becomes non-blocking, since O_NONBLOCK belongs to the open socket; this
 * applies to both descriptors, and in every process that shares the socket.
 * @param family - the socket's own family; like a wrong `type`, a wrong family is refused, where Python accepts it.
 * @param protocol - the value that {@link Socket.protocol} returns; 0 is the default.
 * @returns a Socket that the caller closes.
 * @throws SocketError `EBADF`, `ENOTSOCK`, `EMFILE` · TypeError, RangeError.
 * @example
 * ```ts
 * import { AF_UNIX, fromfd, SOCK_STREAM, socketpair } from "sockwright";
 *
 * const [left, right] = socketpair();
 * const second = fromfd(left.fileno(), AF_UNIX, SOCK_STREAM);
 * left.close();
 * await second.sendall("still open");
 * console.log((await right.recv(1024)).toString()); // => still open
 * second.close();
 * right.close();
 * ```
 */
export function fromfd(descriptor: number, family: number, type: StreamType, protocol?: number): Socket;
export function fromfd(descriptor: number, family: number, type: DatagramType, protocol?: number): Socket<Datagram>;
export function fromfd(descriptor: number, family: number, type: number, protocol?: number): Socket<Buffer | Datagram>;
export function fromfd(descriptor: number, family: number, type: number, protocol = 0): Socket<Buffer | Datagram> {
  const [number, bare] = [int32("descriptor", descriptor), bareType(type)];
  familyOf(family);
  int32("protocol", protocol);
  // Another Socket may have sends that are made at the end of the turn: they must precede those of the new one.
  turn.flushTurn();
  const handle = kernel.fromfd(number);
  if (handle < 0) throw new SocketError("fromfd", -handle);
  try {
    succeed(kernel.getsockopt(slotOf(handle), generationOf(handle), SOL_SOCKET, SO_TYPE, new Uint8Array(4)), "fromfd");
    if (optionOf(handle, SO_DOMAIN) !== family) throw otherThanItIs("family", family);
    if (optionOf(handle, SO_TYPE) !== bare) throw otherThanItIs("type", type);
    succeed(kernel.unblock(slotOf(handle), generationOf(handle)), "fromfd");
  } catch (error) {
    kernel.close(slotOf(handle), generationOf(handle));
    throw error;
  }
  return new Socket(adoptEndpoint(handle, family, bare, protocol));
}

function otherThanItIs(argument: string, given: number): TypeError {
  return wrongValue(argument, "must be that of the descriptor's socket", given);
}

/** Returns an option of SOL_SOCKET that is an int or begins with one. */
function optionOf(handle: Handle, name: number): number {
  const value = new Int32Array(2);
  kernel.getsockopt(slotOf(handle), generationOf(handle), SOL_SOCKET, name, new Uint8Array(value.buffer));
  return value[0] ?? 0;
}

/** Returns an endpoint for a socket that may have other owners, and that may already listen. */
function adoptEndpoint(handle: Handle, family: number, type: number, protocol: number): Endpoint {
  const endpoint = new Endpoint(handle, family, type, protocol);
  endpoint.isListener = optionOf(handle, SO_ACCEPTCONN) !== 0;
  endpoint.share();
  if (optionOf(handle, SO_LINGER) !== 0) expectLingering();
  return endpoint;
}
