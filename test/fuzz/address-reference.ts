// A second implementation of addresses as bytes: tables of fields, and IPv6 text by hand.
import type { Address } from "../../src/index.ts";
import { AF_INET, AF_INET6, AF_UNIX, AF_VSOCK } from "../../src/socket/constants.ts";

/** The meaning of the bytes of a sockaddr: ip(7), ipv6(7), unix(7) and vsock(7). */
export function decoded(sockaddr: Uint8Array): Address | undefined {
  const bytes = Buffer.from(sockaddr);
  if (bytes.length < 2) return undefined;
  const family = bytes.readUInt16LE(0);
  if (family === AF_INET && bytes.length > 15) {
    return { family, host: [...bytes.subarray(4, 8)].join("."), port: bytes.readUInt16BE(2) };
  }
  if (family === AF_INET6 && bytes.length > 27) {
    return {
      family,
      host: ipv6Text(bytes.subarray(8, 24)),
      port: bytes.readUInt16BE(2),
      flowinfo: bytes.readUInt32BE(4),
      scopeId: bytes.readUInt32LE(24),
    };
  }
  if (family === AF_VSOCK && bytes.length > 15)
    return { family, cid: bytes.readUInt32LE(8), port: bytes.readUInt32LE(4) };
  const rest = bytes.subarray(2);
  if (family !== AF_UNIX) return { family, bytes: rest };
  if (rest[0] === 0) return { family, abstract: textOf([...rest].slice(1)) };
  return { family, path: textOf(rest.includes(0) ? [...rest].slice(0, rest.indexOf(0)) : [...rest]) };
}

function textOf(bytes: readonly number[]): string | Buffer {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(Uint8Array.from(bytes));
  } catch {
    return Buffer.from(bytes);
  }
}

/** RFC 5952, with IPv4 addresses in it as glibc's inet_ntop writes them. */
function ipv6Text(bytes: Buffer): string {
  const groups = Array.from({ length: 8 }, (_, at) => bytes.readUInt16BE(2 * at));
  const hex = groups.map((group) => group.toString(16));
  const zeros = groups.map((group, at) => (group === 0 ? runOf(groups, at) : 0));
  const longest = Math.max(...zeros);
  const at = zeros.indexOf(longest);
  const dotted = [...bytes.subarray(12)].join(".");
  if (at === 0 && longest === 6) return `::${dotted}`;
  if (at === 0 && longest === 5 && groups[5] === 0xffff) return `::ffff:${dotted}`;
  if (longest < 2) return hex.join(":");
  return `${hex.slice(0, at).join(":")}::${hex.slice(at + longest).join(":")}`;
}

/** The number of zeros from here on. */
function runOf(groups: readonly number[], at: number): number {
  const end = groups.findIndex((group, index) => index >= at && group !== 0);
  return (end < 0 ? groups.length : end) - at;
}

/** The bytes that an address read from these bytes is written as; undefined if it must be refused. */
export function rewritten(sockaddr: Uint8Array): Uint8Array | undefined {
  const bytes = Buffer.from(sockaddr);
  const family = bytes.readUInt16LE(0);
  const zeros = Buffer.alloc(8);
  if (family === AF_INET && bytes.length > 15) return Buffer.concat([bytes.subarray(0, 8), zeros]);
  // ipv6(7): 20 bits of flowinfo are the label; the kernel accepts no more.
  if (family === AF_INET6 && bytes.length > 27)
    return bytes.readUInt32BE(4) < 2 ** 20 ? bytes.subarray(0, 28) : undefined;
  if (family === AF_VSOCK && bytes.length > 15) {
    return Buffer.concat([bytes.subarray(0, 2), zeros.subarray(0, 2), bytes.subarray(4, 12), zeros.subarray(0, 4)]);
  }
  if (family !== AF_UNIX) return bytes;
  if (bytes[2] === 0) return bytes.length <= 3 + 107 ? bytes : undefined;
  const end = bytes.indexOf(0, 2);
  const path = bytes.subarray(0, end < 0 ? bytes.length : end);
  if (path.length > 2 + 107) return undefined;
  return path.length === 2 ? path : Buffer.concat([path, zeros.subarray(0, 1)]);
}
