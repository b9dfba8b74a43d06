import type { Connection } from "../../server/connection/connection.ts";
import { errorOf } from "../../server/transport/connection-error.ts";

/**
 * Silence after which the kernel sends a keep-alive probe to a client that has sent its FIN and waits for its answer. A client that
 * no longer has the socket answers the probe with a reset, and the answer is cancelled.
 */
export const HALF_CLOSED_PROBE_MS = 10_000;

/**
 * Calls a function when the connection of a half-closed client is lost. TCP sends the same segment, a FIN, for a half-close and for
 * a full close, RFC 9293, section 3.6, and then the client sends nothing more while the answer is silent, such as server-sent
 * events. So keep-alive probes ask the client's kernel, tcp(7), which answers that the socket no longer exists: on Linux once
 * `tcp_fin_timeout`, 60 s, has passed, and at the next probe, after `tcp_keepalive_intvl`, 75 s. Other kinds of sockets have no
 * probes, and node:net does not report their result: there the next write fails.
 */
export function whenLost(connection: Connection, onLost: (failure: Error) => void): void {
  const { link, signal } = connection;
  link.setKeepAlive?.(true, HALF_CLOSED_PROBE_MS);
  signal.addEventListener("abort", () => onLost(errorOf(signal.reason)), { once: true });
}
