// Addresses of this machine that accept a connection, refuse it, or never answer. All use the same port.
import { AF_INET, AF_INET6, type Listener, socket } from "../../../src/index.ts";
import { closeAtTheEnd } from "../../support/sockets.ts";

/** Opens a listener on an address, and closes it when the test ends. */
export function listenAt(host: string, port = 0, backlog?: number): Listener {
  const [server] = closeAtTheEnd(socket(host.includes(":") ? AF_INET6 : AF_INET));
  server.bind({ host, port });
  return server.listen(backlog);
}

export function portOfListener(listener: Listener): number {
  return listener.getsockname().port ?? 0;
}

/** tcp(7), listen(2): a listener whose backlog is full drops the first packet of a handshake, and does not answer. */
export async function neverAnswersAt(host: string, port: number): Promise<void> {
  const server = listenAt(host, port, 0);
  const [filling] = closeAtTheEnd(socket());
  await filling.connect(server.getsockname());
}
