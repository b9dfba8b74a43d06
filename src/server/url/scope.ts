import { networkInterfaces } from "node:os";

/** How long the names of interfaces are kept, in ms: to ask for them at each datagram would cost more than the datagram. */
export const ZONES_KEPT_MS = 1_000;

/** A host with its zone, the name of an interface: a link-local address means nothing without it, RFC 4007, section 11. */
export function withZone({ host, scopeId }: { readonly host: string; readonly scopeId?: number }): string {
  return scopeId === undefined || scopeId === 0 || host.includes("%") ? host : `${host}%${zoneOf(scopeId)}`;
}

let zones: ReadonlyMap<number, string> = new Map();
let zonesUntil = 0;

/** The name of an interface by its index; the index itself when the interface has no name any more. */
function zoneOf(scopeId: number): string {
  const now = performance.now();
  if (now >= zonesUntil) {
    zones = listZones();
    zonesUntil = now + ZONES_KEPT_MS;
  }
  return zones.get(scopeId) ?? String(scopeId);
}

/** The names of all interfaces by their index. A machine that gets a link-local address has one on that link too, and Node reports its scope. */
function listZones(): ReadonlyMap<number, string> {
  const found = new Map<number, string>();
  for (const [name, addresses = []] of Object.entries(networkInterfaces())) {
    for (const address of addresses) if (address.family === "IPv6") found.set(address.scopeid, name);
  }
  return found;
}
