/**
 * What one datagram is lost by, while the socket is as good as before and the next one may get through: a full queue, send(2); a
 * firewall, which is EPERM; a network that is away, ip(7).
 */
const LOSSES: ReadonlySet<string> = new Set([
  "ENOBUFS",
  "ENOMEM",
  "EPERM",
  "ENETDOWN",
  "ENETUNREACH",
  "EHOSTDOWN",
  "EHOSTUNREACH",
]);

/** Whether the error of a send means this datagram alone. */
export function isLossOfDatagram(error: Error): boolean {
  return "code" in error && LOSSES.has(String(error.code));
}
