import { CONNECTION_ERRORS, EACCES, EHOSTDOWN, EMSGSIZE, ENOBUFS, ENOMEM, ENONET, EPERM } from "../../socket/values.ts";

/**
 * Of these nobody is told: there was no room on the way. Linux itself gives no ENOBUFS to a UDP socket (udp_send_skb), and a
 * router that has no room says nothing either.
 */
const OUT_OF_ROOM: ReadonlySet<number> = new Set([ENOBUFS, ENOMEM]);

/**
 * What a send, or an earlier one by an ICMP answer, has failed with: ip(7), udp(7), icmp(7); a firewall is EPERM, a route that is
 * prohibited EACCES, and a datagram that is too long, here or on its way, EMSGSIZE.
 */
const TOLD: ReadonlySet<number> = new Set([...CONNECTION_ERRORS, EACCES, EHOSTDOWN, EMSGSIZE, ENONET, EPERM]);

/**
 * What the error of a send means for a datagram socket: `silent` and `told` are about one datagram, while the socket is as good as
 * before and the next one may get through; undefined is about the socket.
 *
 * @param errno - positive.
 */
export function lossOfSend(errno: number): "silent" | "told" | undefined {
  if (OUT_OF_ROOM.has(errno)) return "silent";
  return TOLD.has(errno) ? "told" : undefined;
}

/** Whether the error of a receive is about a datagram that was sent before. The kernel gives it once (its `sk_err`). */
export function isLossOfEarlierDatagram(errno: number): boolean {
  return CONNECTION_ERRORS.has(errno) || errno === EMSGSIZE;
}
