import type { Address, AddressInput } from "../../socket/values.ts";
import { withZone } from "../url/scope.ts";
import type { Peer } from "./peer.ts";

/**
 * The other end as a link tells it: the one mapping from addresses to peers. A family that peers have no form for has no name
 * here, as an unnamed Unix socket has none.
 */
export function peerOf(address: Address | AddressInput): Peer {
  if ("host" in address && address.host !== undefined) return { host: withZone(address), port: address.port };
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
