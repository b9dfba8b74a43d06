import { kernel } from "../../native/load.ts";
import { encodeNumericAddress, type Socket } from "../../socket/internal.ts";
import {
  AF_INET,
  IP_MULTICAST_ALL,
  IP_MULTICAST_IF,
  IPPROTO_IP,
  IPPROTO_IPV6,
  IPV6_MULTICAST_IF,
  SO_BROADCAST,
  SO_REUSEADDR,
  SOL_SOCKET,
  SocketError,
} from "../../socket/values.ts";
import { groupOf, type InternetUrl } from "../url/socket-url.ts";
import { zoneOf } from "../url/zone.ts";

/** RFC 3678, section 5: the interface for both address families, with Linux's numbers (linux/in.h). */
const MCAST_JOIN_GROUP = 42;
const MCAST_JOIN_SOURCE_GROUP = 46;
/** struct group_req: the index of the interface, padding, and a sockaddr_storage; group_source_req has another. */
const REQUEST_HEADER = 8;
const SOCKADDR_STORAGE = 128;
/** struct ip_mreqn of ip(7): a group, an address, and the index of an interface. */
const MREQN = 12;

/** Sets up a UDP socket for sending, before it is bound or connected: the interface of multicasts, and the right to broadcast. */
export function prepareSending(socket: Socket<unknown>, url: InternetUrl): void {
  if (url.broadcast === true) socket.setsockopt(SOL_SOCKET, SO_BROADCAST, 1);
  if (url.interface === undefined) return;
  const index = indexOf(url.interface);
  if (socket.family !== AF_INET) {
    socket.setsockopt(IPPROTO_IPV6, IPV6_MULTICAST_IF, index);
    return;
  }
  const request = Buffer.alloc(MREQN);
  request.writeInt32LE(index, MREQN - 4);
  socket.setsockopt(IPPROTO_IP, IP_MULTICAST_IF, request);
}

/** Joins the multicast group of the URL. Call it before the bind, so that the socket misses no datagram. */
export function joinGroup(socket: Socket<unknown>, url: InternetUrl): void {
  const group = groupOf(url);
  if (group === undefined) return;
  // socket(7): all listeners of a group share its port.
  socket.setsockopt(SOL_SOCKET, SO_REUSEADDR, 1);
  // ip(7): otherwise the socket gets the datagrams of every group that any process on the machine has joined.
  if (socket.family === AF_INET) socket.setsockopt(IPPROTO_IP, IP_MULTICAST_ALL, 0);
  const addresses = url.source === undefined ? [group] : [group, url.source];
  const request = Buffer.alloc(REQUEST_HEADER + addresses.length * SOCKADDR_STORAGE);
  const zone = url.interface ?? zoneOf(group);
  request.writeUInt32LE(zone === undefined ? 0 : indexOf(zone), 0);
  for (const [at, host] of addresses.entries()) {
    request.set(
      encodeNumericAddress(socket.family, { host, port: 0 }).sockaddr,
      REQUEST_HEADER + at * SOCKADDR_STORAGE,
    );
  }
  const level = socket.family === AF_INET ? IPPROTO_IP : IPPROTO_IPV6;
  socket.setsockopt(level, url.source === undefined ? MCAST_JOIN_GROUP : MCAST_JOIN_SOURCE_GROUP, request);
}

/** The index of an interface. The name may also be that number, as in the zone of a URL. */
function indexOf(name: string): number {
  if (/^\d+$/.test(name)) return Number(name);
  const index = kernel.if_nametoindex(name);
  if (index < 0) throw new SocketError("if_nametoindex", -index, { address: name });
  return index;
}
