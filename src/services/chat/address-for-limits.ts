import { addressKey } from "../../server/limits/address-key.ts";
import type { Peer } from "../../server/transport/peer.ts";

/**
 * Returns the address to which limits and bans apply: an IPv4 address, or the /64 network of an IPv6 address. Undefined for Unix sockets
 * and for loopback, where all clients have the same address.
 */
export function addressForLimits(peer: Peer): string | undefined {
  const key = addressKey(peer);
  // RFC 1122, section 3.2.1.3; RFC 4291, section 2.5.3.
  return key === undefined || key.startsWith("127.") || key === "0:0:0:0::/64" ? undefined : key;
}
