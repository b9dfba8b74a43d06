import { SocketAddress } from "node:net";
import { versionOf } from "../server/url/zone.ts";

/** The host of a place as getsockname(2) would say it; names are not looked up, but for the machine's own. */
export function hostOf(host: string): string {
  if (host === "localhost") return "127.0.0.1";
  if (host === "*") return "::";
  return versionOf(host) === 6 ? new SocketAddress({ address: host, family: "ipv6" }).address : host;
}

/** The hosts under which a listener may be that takes a connection to this one: its own first. */
export function hostsOf(host: string): readonly string[] {
  const own = hostOf(host);
  return versionOf(own) === 6 ? [own, "::"] : [own, "0.0.0.0", "::"];
}

/**
 * As whom the listener sees a client that has connected to the host: a machine that calls itself has the address that it
 * calls, and of the loopback network 127.0.0.1. To an IPv6 listener a client over IPv4 is one in IPv6's clothes, ipv6(7).
 */
export function clientHostOf(host: string, listener: string): string {
  const target = hostOf(host);
  const own = target === "::" ? "::1" : /^(?:127\.[\d.]+|0\.0\.0\.0)$/.test(target) ? "127.0.0.1" : target;
  return versionOf(own) === 4 && versionOf(listener) === 6 ? `::ffff:${own}` : own;
}
