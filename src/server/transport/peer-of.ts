import type { Address, AddressInput } from "../../socket/values.ts";
import { withZone } from "../url/scope.ts";
import type { Peer } from "./peer.ts";

/**
 * Returns the peer for a socket address. An address of a family without a form in {@link Peer} becomes `{ path: "" }`, as that of an
 * unnamed Unix socket.
 */
export function peerOf(address: Address | AddressInput): Peer {
  if ("host" in address && address.host !== undefined) return { host: withZone(address), port: address.port };
  if ("cid" in address && address.cid !== undefined) return { cid: address.cid, port: address.port };
  if ("abstract" in address && address.abstract !== undefined) return { abstract: textOf(address.abstract) };
  return { path: "path" in address && address.path !== undefined ? textOf(address.path) : "" };
}

/** Returns whether a datagram can be sent to the peer: not to port 0, udp(7), and not to an unnamed Unix socket. */
export function isAnswerable(peer: Peer): boolean {
  return "path" in peer ? peer.path !== "" : "abstract" in peer || peer.port !== 0;
}

/** Replaces bytes that are not UTF-8 by U+FFFD: such a name can be shown, but not used as an address. */
function textOf(name: string | Uint8Array): string {
  return typeof name === "string" ? name : Buffer.from(name).toString();
}
