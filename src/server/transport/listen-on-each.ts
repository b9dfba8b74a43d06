import { isIP } from "node:net";
import { addressesOf, isUnusable } from "../url/socket-address.ts";
import type { InternetUrl, SocketUrl } from "../url/socket-url.ts";
import type { LinkListener } from "./transport.ts";

/** Port 0 on several addresses: so often a port that the first one got may turn out to be taken on another. */
export const MAX_COMMON_PORT_TRIES = 16;

type Listen = (url: SocketUrl) => Promise<LinkListener>;

/** Listens on every address of the URL's host that this machine has: a name such as `localhost` may have several. */
export async function listenOnEach(url: SocketUrl, listen: Listen): Promise<LinkListener> {
  if (!("host" in url) || url.host === "*" || isIP(url.host) !== 0) return listen(url);
  const hosts = (await addressesOf(url)).flatMap((address) => ("host" in address ? [address.host] : []));
  for (let tries = 1; ; tries++) {
    try {
      return together(url, await listenOn(hosts, url, listen));
    } catch (error) {
      const isTaken = error instanceof Error && "code" in error && error.code === "EADDRINUSE";
      if (!isTaken || url.port !== 0 || tries === MAX_COMMON_PORT_TRIES) throw error;
    }
  }
}

/** All of them on one port, or none. */
async function listenOn(hosts: readonly string[], url: InternetUrl, listen: Listen): Promise<LinkListener[]> {
  const open: LinkListener[] = [];
  let failure: unknown;
  let { port } = url;
  for (const host of hosts) {
    try {
      const listener = await listen({ ...url, host, port });
      open.push(listener);
      if ("port" in listener.url) port = listener.url.port;
    } catch (error) {
      failure = error;
      if (isUnusable(error)) continue;
      await closeAll(open);
      throw error;
    }
  }
  if (open.length === 0) throw failure;
  return open;
}

/** One listener, told by the name where it has several addresses. */
function together(url: InternetUrl, listeners: readonly LinkListener[]): LinkListener {
  const [first, second] = listeners;
  if (first !== undefined && second === undefined) return first;
  const port = first !== undefined && "port" in first.url ? first.url.port : url.port;
  return {
    url: { scheme: url.scheme, host: url.host, port },
    get isLive() {
      return listeners.some(({ isLive }) => isLive);
    },
    close: () => closeAll(listeners),
  };
}

async function closeAll(listeners: readonly LinkListener[]): Promise<void> {
  await Promise.all(listeners.map((listener) => listener.close()));
}
