import { unlinkSync } from "node:fs";
import { kernel } from "../../native/load.ts";
import { encodeNumericAddress, type Socket, SocketDescriptor, socket } from "../../socket/internal.ts";
import {
  AF_INET6,
  AF_UNIX,
  IPPROTO_IPV6,
  IPPROTO_TCP,
  IPV6_V6ONLY,
  SO_REUSEADDR,
  SOCK_DGRAM,
  SOL_SOCKET,
  succeed,
  TCP_NODELAY,
} from "../../socket/values.ts";
import { baseOf } from "../url/schemes.ts";
import { addressesOf, isAddressUnavailable, type SocketAddress, typeOf } from "../url/socket-address.ts";
import type { AddressUrl } from "../url/socket-url.ts";
import { joinGroup, prepareSending } from "./multicast.ts";
import { OpenSocket } from "./open-socket.ts";
import { type FileAccess, UnixPath } from "./unix-path.ts";
import { checkZone } from "./zone-of-machine.ts";

/** A function that prepares a socket before it has an address, for instance sets its options. */
export type Prepare = (socket: Socket<unknown>) => void;

/** Opens a socket bound to the URL's address. A name may have several addresses: the first one that this machine has is used. */
export async function bindSocket(url: AddressUrl, prepare?: Prepare): Promise<OpenSocket> {
  let failure: unknown;
  for (const address of await addressesOf(url)) {
    try {
      return await bindTo(url, address, prepare);
    } catch (error) {
      if (!isAddressUnavailable(error)) throw error;
      failure ??= error;
    }
  }
  throw failure;
}

async function bindTo(url: AddressUrl, address: SocketAddress, prepare: Prepare | undefined): Promise<OpenSocket> {
  checkZone(url, address);
  const opened = socket(address.family, typeOf(url));
  try {
    if (baseOf(url) === "tcp") {
      // ip(7): otherwise a restarted server waits for its old connections. Not for UDP: there two sockets would share a port.
      opened.setsockopt(SOL_SOCKET, SO_REUSEADDR, 1);
      // tcp(7): accepted connections inherit the options of the listener.
      opened.setsockopt(IPPROTO_TCP, TCP_NODELAY, 1);
    }
    if ("host" in url) {
      // ipv6(7): otherwise the machine's settings decide whether [::] takes IPv4 clients.
      if (opened.family === AF_INET6) opened.setsockopt(IPPROTO_IPV6, IPV6_V6ONLY, url.ipv6only === true ? 1 : 0);
      prepareSending(opened, url);
      joinGroup(opened, url);
    }
    prepare?.(opened);
    if ("path" in url) return new OpenSocket(opened, await bindPath(opened, url.path, url));
    opened.bind(address);
    return new OpenSocket(opened);
  } catch (error) {
    opened.close();
    throw error;
  }
}

/** Binds a socket to a path. It first removes a socket file that a dead process left there. */
export function bindPath(own: Socket<unknown>, path: string, access: FileAccess = {}): Promise<UnixPath> {
  return UnixPath.bind(path, { bind: () => own.bind({ path }), probe, hold }, access);
}

/**
 * Throws ECONNREFUSED when no process has the socket file open. It does a connect(2) of a datagram socket: an open stream or
 * seqpacket socket answers EPROTOTYPE and notices nothing (unix_find_bsd() checks the type last), also before it listens
 * and when its backlog is full. A datagram socket has no connections to notice.
 */
function probe(path: string): void {
  const client = socket(AF_UNIX, SOCK_DGRAM);
  const { slot, generation } = SocketDescriptor.endpointOf(client);
  const { sockaddr, target } = encodeNumericAddress(AF_UNIX, { path });
  const result = kernel.connect(slot, generation, sockaddr);
  client.close();
  succeed(result, "connect", target);
}

function hold(path: string): () => void {
  const holder = socket(AF_UNIX, SOCK_DGRAM);
  try {
    holder.bind({ path });
  } catch (error) {
    holder.close();
    throw error;
  }
  return () => {
    unlinkSync(path);
    holder.close();
  };
}
