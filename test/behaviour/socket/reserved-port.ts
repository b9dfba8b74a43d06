import { AF_INET6, IPPROTO_IPV6, IPV6_V6ONLY, SO_REUSEADDR, SOL_SOCKET, socket } from "../../../src/index.ts";
import { closeAtTheEnd } from "../../support/sockets.ts";

/**
 * Reserves a port on each address of both families until the test ends. A socket that does not listen holds it: sockets
 * with SO_REUSEADDR can bind it, and the kernel chooses it neither for a bind to port 0 nor for a connect (ip(7)).
 */
export function reservePort(): number {
  const [holder] = closeAtTheEnd(socket(AF_INET6));
  holder.setsockopt(SOL_SOCKET, SO_REUSEADDR, 1);
  holder.setsockopt(IPPROTO_IPV6, IPV6_V6ONLY, 0);
  holder.bind({ host: "::", port: 0 });
  return holder.getsockname().port ?? 0;
}
