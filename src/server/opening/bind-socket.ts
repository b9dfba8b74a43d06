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
import { addressesOf, isUnusable, type SocketAddress, typeOf } from "../url/socket-address.ts";
import type { AddressUrl } from "../url/socket-url.ts";
import { joinGroup, prepareSending } from "./multicast.ts";
import { OpenSocket } from "./open-socket.ts";
import { type FileAccess, UnixPath } from "./unix-path.ts";
import { checkZone } from "./zone-of-machine.ts";

/** What is done to a socket that has no address yet, such as setting its options. */
export type Prepare = (socket: Socket<unknown>) => void;

/** A socket bound to the URL's address; of a name's addresses, to the first that this machine has. */
export async function bindSocket(url: AddressUrl, prepare?: Prepare): Promise<OpenSocket> {
  let failure: unknown;
  for (const address of await addressesOf(url)) {
    try {
      return await bindTo(url, address, prepare);
    } catch (error) {
      if (!isUnusable(error)) throw error;
      failure ??= error;
    }
  }
  throw failure;
}

async function bindTo(url: AddressUrl, address: SocketAddress, prepare: Prepare | undefined): Promise<OpenSocket> {
  checkZone(url, address);
  const made = socket(address.family, typeOf(url));
  try {
    if (baseOf(url) === "tcp") {
      // ip(7): a server that is started again would else wait for its old connections. Two UDP sockets would share a port.
      made.setsockopt(SOL_SOCKET, SO_REUSEADDR, 1);
      // tcp(7): what a listener has is inherited by its connections.
      made.setsockopt(IPPROTO_TCP, TCP_NODELAY, 1);
    }
    if ("host" in url) {
      // ipv6(7): else the machine's settings decide whether [::] takes IPv4 clients.
      if (made.family === AF_INET6) made.setsockopt(IPPROTO_IPV6, IPV6_V6ONLY, url.ipv6only === true ? 1 : 0);
      prepareSending(made, url);
      joinGroup(made, url);
    }
    prepare?.(made);
    if ("path" in url) return new OpenSocket(made, await bindPath(made, url.path, url));
    made.bind(address);
    return new OpenSocket(made);
  } catch (error) {
    made.close();
    throw error;
  }
}

/** Binds to a path. A socket that somebody left there without listening on it is removed first. */
export function bindPath(own: Socket<unknown>, path: string, access: FileAccess = {}): Promise<UnixPath> {
  return UnixPath.bind(path, { bind: () => own.bind({ path }), probe, hold }, access);
}

/**
 * connect(2) of a socket for datagrams: a stream or seqpacket socket that is open answers EPROTOTYPE without being told
 * (unix_find_bsd() looks at the type last), also before it listens and when its backlog is full, and one for datagrams has no
 * connections. ECONNREFUSED: nobody has the file open.
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
