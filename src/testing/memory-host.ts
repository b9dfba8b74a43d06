import { SocketAddress } from "node:net";
import { versionOf } from "../server/url/zone.ts";

/** Returns the host of an address as getsockname(2) would return it. It resolves no name but `localhost`. */
export function hostOf(host: string): string {
  if (host === "localhost") return "127.0.0.1";
  if (host === "*") return "::";
  return versionOf(host) === 6 ? new SocketAddress({ address: host, family: "ipv6" }).address : host;
}

/** Returns the hosts that a listener may be bound to in order to accept a connection to `host`: `host` itself comes first. */
export function hostsOf(host: string): readonly string[] {
  const own = hostOf(host);
  return versionOf(own) === 6 ? [own, "::"] : [own, "0.0.0.0", "::"];
}

/**
 * Returns the address that the listener sees of a client that has connected to `host`. A machine that connects to itself
 * has the address that it connects to, and 127.0.0.1 for the loopback network. An IPv6 listener sees an IPv4 client under
 * an IPv4-mapped address, ipv6(7).
 */
export function clientHostOf(host: string, listener: string): string {
  const target = hostOf(host);
  const own = target === "::" ? "::1" : /^(?:127\.[\d.]+|0\.0\.0\.0)$/.test(target) ? "127.0.0.1" : target;
  return versionOf(own) === 4 && versionOf(listener) === 6 ? `::ffff:${own}` : own;
}
