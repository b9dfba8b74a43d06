import { ipBytes } from "../../codec/ip-address.ts";
import type { Peer } from "../transport/peer.ts";

/** Groups of an IPv6 address in a /64 network: a customer of a provider has at least that, RFC 6177, and may use all addresses. */
const GROUPS_OF_A_NETWORK = 4;

/**
 * Returns the key under which a limit per address counts a peer: an IPv4 address, also an IPv4-mapped IPv6 address (RFC 4291,
 * section 2.5.5.2), the /64 network of an IPv6 address, or a virtual machine. Undefined for Unix sockets, whose clients have no
 * address.
 */
export function addressKey(peer: Peer): string | undefined {
  if ("cid" in peer) return `vsock:${peer.cid}`;
  if (!("host" in peer)) return undefined;
  return peer.host.includes(":") ? networkKey(peer.host) : peer.host;
}

function networkKey(host: string): string {
  const [address = "", zone] = host.split("%");
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1];
  if (mapped !== undefined) return mapped;
  const bytes = ipBytes(address);
  const network = Array.from({ length: GROUPS_OF_A_NETWORK }, (_, at) => bytes.readUInt16BE(2 * at).toString(16));
  return `${network.join(":")}::/64${zone === undefined ? "" : `%${zone}`}`;
}
