import type { Peer } from "../transport/peer.ts";

/** Of an IPv6 address: what one customer of a provider has at least, RFC 6177, and can fill as it likes. */
const GROUPS_OF_A_NETWORK = 4;
const GROUPS = 8;

/**
 * What a limit per address counts as one peer: an IPv4 address, also one in IPv6's clothes (RFC 4291, section 2.5.5.2), the
 * /64 network of an IPv6 address, or a virtual machine. Undefined for Unix sockets, whose clients have none.
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
  const [head = "", tail] = address.split("::").map((part) => (part === "" ? [] : part.split(":")));
  const first = [...head];
  // What is left out are zeros, as many as it takes to make eight.
  if (tail !== undefined) first.push(...Array.from({ length: GROUPS - head.length - tail.length }, () => "0"), ...tail);
  const network = first.slice(0, GROUPS_OF_A_NETWORK).map((group) => Number.parseInt(group, 16).toString(16));
  return `${network.join(":")}::/64${zone === undefined ? "" : `%${zone}`}`;
}
