import { AF_INET6, IPPROTO_IPV6, IPV6_V6ONLY, SO_REUSEADDR, SOL_SOCKET, socket } from "../../../src/index.ts";
import { closeAtTheEnd } from "../../support/sockets.ts";

/**
 * A port that only this test has until it ends, on each address of both families. A socket that does not listen holds it:
 * those with SO_REUSEADDR may bind it, and the kernel gives it to nobody who asks for port 0, nor to a connect (ip(7)).
 */
export function reservePort(): number {
  const [holder] = closeAtTheEnd(socket(AF_INET6));
  holder.setsockopt(SOL_SOCKET, SO_REUSEADDR, 1);
  holder.setsockopt(IPPROTO_IPV6, IPV6_V6ONLY, 0);
  holder.bind({ host: "::", port: 0 });
  return holder.getsockname().port ?? 0;
}
