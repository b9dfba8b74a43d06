import { CONNECTION_ERRORS, EACCES, EHOSTDOWN, EMSGSIZE, ENOBUFS, ENOMEM, ENONET, EPERM } from "../../socket/values.ts";

/**
 * Errors that are not reported: a queue on the way was full. Linux itself returns no ENOBUFS to a UDP socket (udp_send_skb), and a
 * router with a full queue reports nothing either.
 */
const OUT_OF_ROOM: ReadonlySet<number> = new Set([ENOBUFS, ENOMEM]);

/**
 * Errors of a send, or of an earlier one by an ICMP answer, that are reported: ip(7), udp(7), icmp(7). A firewall causes EPERM, a
 * prohibited route EACCES, and a datagram that is too long, here or on its way, EMSGSIZE.
 */
const TOLD: ReadonlySet<number> = new Set([...CONNECTION_ERRORS, EACCES, EHOSTDOWN, EMSGSIZE, ENONET, EPERM]);

/**
 * Returns what the error of a send means for a datagram socket: `silent` (not reported) and `told` (reported) concern one datagram,
 * and the socket can still be used; undefined means that the socket has failed.
 *
 * @param errno - positive.
 */
export function lossOfSend(errno: number): "silent" | "told" | undefined {
  if (OUT_OF_ROOM.has(errno)) return "silent";
  return TOLD.has(errno) ? "told" : undefined;
}

/** Returns whether the error of a receive concerns a datagram that was sent before. The kernel returns it once (its `sk_err`). */
export function isLossOfEarlierDatagram(errno: number): boolean {
  return CONNECTION_ERRORS.has(errno) || errno === EMSGSIZE;
}
