import { commonUrl, openOnEach } from "../opening/each-address.ts";
import type { SocketUrl } from "../url/socket-url.ts";
import type { LinkListener } from "./transport.ts";

/** Listens on every address of the URL's host and returns one listener for all; with several addresses, its URL keeps the name. */
export async function listenOnEach(
  url: SocketUrl,
  listen: (url: SocketUrl) => Promise<LinkListener>,
): Promise<LinkListener> {
  const listeners = await openOnEach(url, listen);
  const [first, second] = listeners;
  if (first !== undefined && second === undefined) return first;
  return {
    url: commonUrl(url, listeners),
    get isLive() {
      return listeners.some(({ isLive }) => isLive);
    },
    configure(options) {
      for (const listener of listeners) listener.configure?.(options);
    },
    async close() {
      await Promise.all(listeners.map((listener) => listener.close()));
    },
  };
}
