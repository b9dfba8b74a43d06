// The sources of connections that begin with a PROXY header.
import { isIP } from "node:net";
import { canonicalIp, ipBytes, ipOf } from "../../codec/ip-address.ts";
import type { Refuse } from "./url-text.ts";

/** The source that stands for every client of a Unix socket. */
export const UNIX_SOURCE = "unix";

const FORM = "write an address, a network such as 10.0.0.0/8 or fd00::/8, or unix";

/** Parses a source of `proxy-from`: an address, a network, or `unix`. Returns its canonical text. */
export function parseSource(text: string, refuse: Refuse): string {
  if (text === UNIX_SOURCE) return text;
  const quoted = JSON.stringify(text);
  const [, address = text, length] = /^([^/]*)\/(.*)$/s.exec(text) ?? [];
  const version = isIP(address);
  const canonical = version === 0 ? undefined : canonicalIp(version === 4 ? "inet" : "inet6", address);
  if (canonical === undefined) {
    const zone = version === 0 ? "" : ", which has a zone";
    throw refuse(`has the proxy-from ${quoted}${zone}: ${FORM}`);
  }
  const bytes = ipBytes(canonical);
  const most = 8 * bytes.length;
  const bits = length === undefined ? most : prefixLength(length);
  if (bits > most) throw refuse(`has the proxy-from ${quoted}: the number after the slash is 0 to ${most}`);
  const network = Buffer.from(bytes);
  for (const [at, byte] of bytes.entries())
    network[at] = byte & (0xff << Math.min(8, Math.max(0, 8 * (at + 1) - bits)));
  if (!network.equals(bytes)) {
    throw refuse(`has the proxy-from ${quoted}, whose address is within the network: write ${ipOf(network)}/${bits}`);
  }
  const mapped = mappedOf(bytes, bits);
  if (mapped !== undefined) {
    throw refuse(`has the proxy-from ${quoted}, and IPv4 clients are known by their IPv4 address: write ${mapped}`);
  }
  return length === undefined ? canonical : `${canonical}/${bits}`;
}

/** The IPv4 form of an address or a network that is IPv4-mapped, RFC 4291, section 2.5.5.2. */
function mappedOf(bytes: Buffer, bits: number): string | undefined {
  const isMapped = bytes.length === 16 && bits >= 96 && bytes.readUInt16BE(10) === 0xffff;
  if (!isMapped || bytes.subarray(0, 10).some((byte) => byte !== 0)) return undefined;
  return bits === 128 ? ipOf(bytes.subarray(12)) : `${ipOf(bytes.subarray(12))}/${bits - 96}`;
}

function prefixLength(text: string): number {
  return /^(?:0|[1-9]\d{0,2})$/.test(text) ? Number(text) : Number.POSITIVE_INFINITY;
}
