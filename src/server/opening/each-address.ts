// One socket for every address of a name, all on one port.
import { addressesOf, isAddressUnavailable } from "../url/socket-address.ts";
import type { InternetUrl, SocketUrl } from "../url/socket-url.ts";
import { versionOf } from "../url/zone.ts";

/** Attempts to find one free port for several addresses with port 0; after these, opening fails with EADDRINUSE. */
export const MAX_COMMON_PORT_TRIES = 16;

/** A socket or server that is open at an address. */
export interface OpenedAt {
  readonly url: SocketUrl;
  close(): void | Promise<void>;
}

/** Opens one socket for each address of the URL's host that this machine has: a name such as `localhost` may have several. */
export async function openOnEach<Opened extends OpenedAt>(
  url: SocketUrl,
  open: (url: SocketUrl) => Promise<Opened>,
): Promise<readonly Opened[]> {
  if (!("host" in url) || url.host === "*" || versionOf(url.host) !== 0) return [await open(url)];
  const hosts = (await addressesOf(url)).flatMap((address) => ("host" in address ? [address.host] : []));
  for (let tries = 1; ; tries++) {
    try {
      return await openAll(hosts, url, open);
    } catch (error) {
      const isTaken = error instanceof Error && "code" in error && error.code === "EADDRINUSE";
      if (!isTaken || url.port !== 0 || tries === MAX_COMMON_PORT_TRIES) throw error;
    }
  }
}

/** Opens all on one port, or none. */
async function openAll<Opened extends OpenedAt>(
  hosts: readonly string[],
  url: InternetUrl,
  open: (url: SocketUrl) => Promise<Opened>,
): Promise<Opened[]> {
  const opened: Opened[] = [];
  let failure: unknown;
  let { port } = url;
  for (const host of new Set(hosts)) {
    try {
      const one = await open({ ...url, host, port });
      opened.push(one);
      if ("port" in one.url) port = one.url.port;
    } catch (error) {
      failure = error;
      if (isAddressUnavailable(error)) continue;
      await Promise.all(opened.map(async (one) => one.close()));
      throw error;
    }
  }
  if (opened.length === 0) throw failure;
  return opened;
}

/** One URL for all of them: with the host's name when it has several addresses. */
export function commonUrl(url: SocketUrl, opened: readonly OpenedAt[]): SocketUrl {
  const [first, second] = opened;
  if (first === undefined || !("host" in url)) return first?.url ?? url;
  if (second === undefined) return first.url;
  return { scheme: url.scheme, host: url.host, port: "port" in first.url ? first.url.port : url.port };
}
