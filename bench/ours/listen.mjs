// @ts-check
import { IPPROTO_TCP, socket, TCP_NODELAY } from "sockwright";

/**
 * Serves on a free loopback port, which it prints once everything that serving opens is open.
 * Accepted sockets inherit TCP_NODELAY from the listener: no call for each connection.
 *
 * @param {(peer: import("sockwright").Socket) => Promise<void>} session
 */
export async function serveOnLoopback(session) {
  const listener = socket();
  listener.setsockopt(IPPROTO_TCP, TCP_NODELAY, 1);
  listener.bind({ host: "127.0.0.1", port: 0 });
  const served = listener.listen().serve(session);
  console.log(listener.getsockname().port);
  await served;
}
