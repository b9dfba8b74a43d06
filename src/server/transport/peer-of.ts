import { networkInterfaces } from "node:os";
import type { Address, AddressInput } from "../../socket/address.ts";
import type { Peer } from "./peer.ts";

/** How long the names of interfaces are kept, in ms: to ask for them at each datagram would cost more than the datagram. */
export const ZONES_KEPT_MS = 1_000;

/**
 * The other end as a link tells it: the one mapping from addresses to peers. A family that peers have no form for has no name
 * here, as an unnamed Unix socket has none.
 */
export function peerOf(address: Address | AddressInput): Peer {
  if ("host" in address && address.host !== undefined) return { host: hostOf(address), port: address.port };
  if ("cid" in address && address.cid !== undefined) return { cid: address.cid, port: address.port };
  if ("abstract" in address && address.abstract !== undefined) return { abstract: textOf(address.abstract) };
  return { path: "path" in address && address.path !== undefined ? textOf(address.path) : "" };
}

/** Whether a datagram can be sent to the peer: udp(7) knows no port 0, and a Unix socket without a name is nowhere. */
export function isAnswerable(peer: Peer): boolean {
  return "path" in peer ? peer.path !== "" : "abstract" in peer || peer.port !== 0;
}

/** Bytes that are no UTF-8 become U+FFFD: such a name can be shown, but not be written. */
function textOf(name: string | Uint8Array): string {
  return typeof name === "string" ? name : Buffer.from(name).toString();
}

/** RFC 4007, section 11: an address of one link means nothing without its zone, the name of an interface. */
function hostOf({ host, scopeId }: { readonly host: string; readonly scopeId?: number }): string {
  return scopeId === undefined || scopeId === 0 || host.includes("%") ? host : `${host}%${zoneOf(scopeId)}`;
}

let zones: ReadonlyMap<number, string> = new Map();
let zonesUntil = 0;

/** The name of an interface by its index; the index itself where it has no name any more. */
function zoneOf(scopeId: number): string {
  const now = performance.now();
  if (now >= zonesUntil) {
    zones = zonesNow();
    zonesUntil = now + ZONES_KEPT_MS;
  }
  return zones.get(scopeId) ?? String(scopeId);
}

/** Whoever hears a link-local address has one on that link, and Node tells its scope. */
function zonesNow(): ReadonlyMap<number, string> {
  const found = new Map<number, string>();
  for (const [name, addresses = []] of Object.entries(networkInterfaces())) {
    for (const address of addresses) if (address.family === "IPv6") found.set(address.scopeid, name);
  }
  return found;
}
