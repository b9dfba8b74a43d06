import type { Connection } from "../../server/connection/connection.ts";
import { errorOf } from "../../server/transport/connection-error.ts";

/** After how long a silence the system of a client that has ended is asked whether somebody waits there for the answer still. */
export const HALF_CLOSED_PROBE_MS = 10_000;

/**
 * Tells when a client is lost that has ended, and waits for its answer. Whether it has shut down its half or closed the whole, TCP
 * says by the same segment, RFC 9293, section 3.6, and nothing more comes of it as long as the answer is silent, such as one of
 * server-sent events. So its system is asked, tcp(7), and says that there is no such socket any more: on Linux once
 * `tcp_fin_timeout` is over, 60 s, and it is asked again, after `tcp_keepalive_intvl`, 75 s. Sockets of other kinds have no such
 * question, and over node:net its answer is not heard: there the next write tells.
 */
export function whenLost(connection: Connection, tell: (failure: Error) => void): void {
  const { link, signal } = connection;
  link.setKeepAlive?.(true, HALF_CLOSED_PROBE_MS);
  signal.addEventListener("abort", () => tell(errorOf(signal.reason)), { once: true });
}
