import { adopt, type Datagram, type Socket } from "../../socket/internal.ts";
import {
  AF_INET,
  AF_INET6,
  AF_UNIX,
  AF_VSOCK,
  IPPROTO_TCP,
  SOCK_DGRAM,
  SOCK_SEQPACKET,
  SOCK_STREAM,
  SocketError,
  TCP_NODELAY,
} from "../../socket/values.ts";
import { addressUrlOf } from "../url/socket-address.ts";
import type { AddressUrl, InheritedUrl } from "../url/socket-url.ts";
import { inheritedDescriptor, inheritedSocketError } from "./inherited-socket.ts";
import { OpenSocket } from "./open-socket.ts";

const SCHEMES: Readonly<Record<number, Readonly<Record<number, AddressUrl["scheme"]>>>> = {
  [AF_INET]: { [SOCK_STREAM]: "tcp", [SOCK_DGRAM]: "udp" },
  [AF_INET6]: { [SOCK_STREAM]: "tcp", [SOCK_DGRAM]: "udp" },
  [AF_UNIX]: { [SOCK_STREAM]: "unix", [SOCK_DGRAM]: "unix-dgram", [SOCK_SEQPACKET]: "unix-seqpacket" },
  [AF_VSOCK]: { [SOCK_STREAM]: "vsock" },
};

const CANNOT_SERVE = "is no socket that can be served: pass on a listener, or a socket that is bound for datagrams";

/**
 * Takes an inherited socket over. A stream or seqpacket socket listens afterwards; a datagram socket is ready to receive.
 *
 * @throws SocketUrlError when the descriptor is no such socket, or is in use here already.
 */
export function adoptSocket(url: InheritedUrl): OpenSocket {
  const adopted = adoptDescriptor(url);
  try {
    const scheme = SCHEMES[adopted.family]?.[adopted.type];
    if (scheme === undefined) throw inheritedSocketError(url, CANNOT_SERVE);
    // tcp(7): what a listener has is inherited by its connections, here as in bindSocket.
    if (scheme === "tcp") adopted.setsockopt(IPPROTO_TCP, TCP_NODELAY, 1);
    if (adopted.type !== SOCK_DGRAM) adopted.listen();
    return new OpenSocket(adopted);
  } catch (error) {
    // A socket that cannot be served stays open: its owner is whoever passed it on.
    adopted.detach();
    // listen(2): EINVAL, it is connected, or a Unix socket without a name.
    throw error instanceof SocketError && error.code === "EINVAL" ? inheritedSocketError(url, CANNOT_SERVE) : error;
  }
}

/** Whether the kernel says that the inherited socket is a datagram socket. The socket stays untouched. */
export function isForDatagrams(url: InheritedUrl): boolean {
  const adopted = adoptDescriptor(url);
  const { type } = adopted;
  adopted.detach();
  return type === SOCK_DGRAM;
}

/** The URL of the address to which a socket is bound. */
export function urlOfSocket(socket: Socket<unknown>): AddressUrl {
  return addressUrlOf(SCHEMES[socket.family]?.[socket.type] ?? "unix", socket.getsockname());
}

function adoptDescriptor(url: InheritedUrl): Socket<Buffer | Datagram> {
  const descriptor = inheritedDescriptor(url);
  try {
    return adopt(descriptor);
  } catch (error) {
    const isTaken = error instanceof SocketError && error.code === "EEXIST";
    throw isTaken
      ? inheritedSocketError(url, `is descriptor ${descriptor}, which is in use here already: name it once`)
      : error;
  }
}
