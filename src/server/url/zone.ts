// Zones of IPv6 addresses.
import { isIP, isIPv6 } from "node:net";

/** netdevice(7), IFNAMSIZ: a name of an interface has at most 15 bytes; and neither slashes nor white space. */
const ZONE = /^[^\s/%\p{Cc}]{1,15}$/u;

/** The version of an address, which may have a zone; 0 for a name. */
export function versionOf(host: string): number {
  const [address, zone] = split(host);
  if (zone === undefined) return isIP(host);
  return isIPv6(address) && ZONE.test(zone) ? 6 : 0;
}

/**
 * The IPv6 address between the brackets of a URL, its zone as `%eth0`. RFC 6874 writes the percent sign as `%25` and
 * escapes the zone; most people write it as in a shell. As in curl(1), `%25` is the former where more follows.
 */
export function parseZone(text: string, refuse: (reason: string) => Error): string {
  const [address, given] = split(text);
  if (given === undefined) return address;
  const zone = /^25./s.test(given) ? decoded(given.slice(2)) : given;
  if (zone !== undefined && ZONE.test(zone) && !isBeyondNumbers(zone)) return `${address}%${zone}`;
  throw refuse(
    `has the zone ${JSON.stringify(given)}, which is no interface: write [${address}%eth0], as \`ip link\` names it`,
  );
}

/** A host between brackets, so that {@link parseZone} gives it back. */
export function formatZone(host: string): string {
  return host.replace(/%(?=25.)/s, "%25");
}

/** ipv6(7): unicast and multicast addresses that mean nothing without the interface they belong to; RFC 4291, 2.5.6, 2.7. */
export function needsZone(host: string): boolean {
  return isIPv6(host) && !host.includes("%") && /^(?:fe[89ab][\da-f]|ff[\da-f]2):/i.test(host);
}

/** The interface that an address names; undefined where it names none. */
export function zoneOf(host: string): string | undefined {
  return split(host)[1];
}

/** ipv6(7), sin6_scope_id: 32 bits. The kernel numbers its interfaces from 1 on. */
function isBeyondNumbers(zone: string): boolean {
  return /^\d+$/.test(zone) && (Number(zone) === 0 || Number(zone) > 0xffff_ffff);
}

function split(host: string): readonly [address: string, zone: string | undefined] {
  const at = host.indexOf("%");
  return at < 0 ? [host, undefined] : [host.slice(0, at), host.slice(at + 1)];
}

function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}
