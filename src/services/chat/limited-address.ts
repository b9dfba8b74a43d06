import { addressKey } from "../../server/limits/address-key.ts";
import type { Peer } from "../../server/transport/peer.ts";

/**
 * What limits and bans go by: an IPv4 address, or the network of an IPv6 address. Undefined for Unix sockets, and for the loopback of this
 * machine, where one address is everybody.
 */
export function limitedAddress(peer: Peer): string | undefined {
  const key = addressKey(peer);
  // RFC 1122, section 3.2.1.3; RFC 4291, section 2.5.3.
  return key === undefined || key.startsWith("127.") || key === "0:0:0:0::/64" ? undefined : key;
}
