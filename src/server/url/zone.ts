// Zones of IPv6 addresses.
import { isIP, isIPv6 } from "node:net";

/** The name of an interface: at most 15 bytes (IFNAMSIZ of netdevice(7)), without slashes and white space. */
const ZONE = /^[^\s/%\p{Cc}]{1,15}$/u;

/** The IP version of an address, which may have a zone: 4 or 6; 0 for a name. */
export function versionOf(host: string): number {
  const [address, zone] = splitZone(host);
  if (zone === undefined) return isIP(host);
  return isIPv6(address) && ZONE.test(zone) ? 6 : 0;
}

/**
 * Parses the IPv6 address between the brackets of a URL; the result has its zone as `%eth0`. RFC 6874 writes the percent sign
 * as `%25` and escapes the zone; most people write a plain `%`. As in curl(1), `%25` followed by more text is the escaped form.
 */
export function parseZone(text: string, refuse: (reason: string) => Error): string {
  const [address, given] = splitZone(text);
  if (given === undefined) return address;
  const zone = /^25./s.test(given) ? decode(given.slice(2)) : given;
  if (zone !== undefined && ZONE.test(zone) && !isOutOfRange(zone)) return `${address}%${zone}`;
  throw refuse(
    `has the zone ${JSON.stringify(given)}, which is no interface: write [${address}%eth0], as \`ip link\` names it`,
  );
}

/** Formats a host for the brackets of a URL, so that {@link parseZone} returns it. */
export function formatZone(host: string): string {
  return host.replace(/%(?=25.)/s, "%25");
}

/** Whether an address needs a zone: link-local unicast and multicast addresses mean nothing without an interface, ipv6(7); RFC 4291, 2.5.6, 2.7. */
export function needsZone(host: string): boolean {
  return isIPv6(host) && !host.includes("%") && /^(?:fe[89ab][\da-f]|ff[\da-f]2):/i.test(host);
}

/** The zone of an address; undefined when it has none. */
export function zoneOf(host: string): string | undefined {
  return splitZone(host)[1];
}

/** Whether a numeric zone is out of range: sin6_scope_id has 32 bits, ipv6(7), and the kernel numbers interfaces from 1. */
function isOutOfRange(zone: string): boolean {
  return /^\d+$/.test(zone) && (Number(zone) === 0 || Number(zone) > 0xffff_ffff);
}

function splitZone(host: string): readonly [address: string, zone: string | undefined] {
  const at = host.indexOf("%");
  return at < 0 ? [host, undefined] : [host.slice(0, at), host.slice(at + 1)];
}

function decode(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}
