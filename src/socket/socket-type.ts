import { AF_INET, AF_INET6, SOCK_SEQPACKET, SOCK_STREAM } from "./constants.ts";

/** What a socket is, as socket(2) was told. */
export interface SocketKind {
  readonly family: number;
  readonly type: number;
}

/** socket.h: datagrams with a connection. */
const SOCK_DCCP = 6;

/**
 * Whether a socket of this type has no connection, and so no end that a peer could make: nothing received is an empty
 * record, which anybody can send. That is so of SOCK_DGRAM and of SOCK_RAW (packet, netlink, IP) and SOCK_RDM.
 */
export function isConnectionless(type: number): boolean {
  return type !== SOCK_STREAM && type !== SOCK_SEQPACKET && type !== SOCK_DCCP;
}

/** Whether its addresses are of IPv4 or IPv6: of these alone SO_REUSEPORT is taken (sk_reuseport_allowed, since Linux 6.13). */
export function isInternet(family: number): boolean {
  return family === AF_INET || family === AF_INET6;
}
