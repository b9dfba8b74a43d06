import { AF_INET, AF_INET6, SOCK_SEQPACKET, SOCK_STREAM } from "./constants.ts";

/**
 * The address family and the type of a socket, as given to socket(2). The type decides whether it is a stream (SOCK_STREAM),
 * keeps the bounds of records (all other types), and is connectionless ({@link isConnectionless}).
 */
export interface SocketKind {
  readonly family: number;
  readonly type: number;
}

/** socket.h: datagrams with a connection. */
const SOCK_DCCP = 6;

/**
 * Returns whether sockets of this type have no connection, so that no peer can end one: an empty result is an empty record,
 * which any sender can send. True for SOCK_DGRAM, SOCK_RAW (packet, netlink, IP) and SOCK_RDM.
 */
export function isConnectionless(type: number): boolean {
  return type !== SOCK_STREAM && type !== SOCK_SEQPACKET && type !== SOCK_DCCP;
}

/** Returns whether the family is IPv4 or IPv6: SO_REUSEPORT works for these alone (sk_reuseport_allowed, since Linux 6.13). */
export function isInternet(family: number): boolean {
  return family === AF_INET || family === AF_INET6;
}
