import {
  AF_INET6,
  AF_UNIX,
  IPPROTO_IPV6,
  IPPROTO_TCP,
  IPV6_V6ONLY,
  SO_REUSEADDR,
  SOL_SOCKET,
  TCP_NODELAY,
} from "../../socket/constants.ts";
import { socket } from "../../socket/create.ts";
import type { Socket } from "../../socket/socket.ts";
import { addressesOf, isUnusable, type SocketAddress, typeOf } from "../url/socket-address.ts";
import type { AddressUrl } from "../url/socket-url.ts";
import { joinGroup, prepareSending } from "./multicast.ts";
import { OpenSocket } from "./open-socket.ts";
import { type FileAccess, UnixPath } from "./unix-path.ts";

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
  const made = socket(address.family, typeOf(url));
  try {
    if (url.scheme === "tcp") {
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
  return UnixPath.bind(path, { bind: () => own.bind({ path }), probe: () => probe(path, own.type) }, access);
}

/** One connect, without waiting: a listener whose backlog is full is there, too. */
async function probe(path: string, type: number): Promise<void> {
  const client = socket(AF_UNIX, type);
  client.settimeout(0);
  try {
    await client.connect({ path });
  } finally {
    client.close();
  }
}
