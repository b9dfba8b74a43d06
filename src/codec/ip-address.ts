import { isIPv4, isIPv6, SocketAddress } from "node:net";

/** Returns the canonical text of an address, RFC 5952 for IPv6; undefined for text that is none of the family, or has a zone. */
export function canonicalIp(family: "inet" | "inet6", text: string): string | undefined {
  if (family === "inet") return isIPv4(text) ? text : undefined;
  // A zone is a name of the machine that wrote it.
  if (!isIPv6(text) || text.includes("%")) return undefined;
  return new SocketAddress({ address: text, family: "ipv6" }).address;
}

/** Returns the text of 4 or 16 bytes in network byte order. */
export function ipOf(bytes: Buffer): string {
  if (bytes.length === 4) return bytes.join(".");
  const groups = Array.from({ length: 8 }, (_, index) => bytes.readUInt16BE(2 * index).toString(16));
  return new SocketAddress({ address: groups.join(":"), family: "ipv6" }).address;
}

/** Returns the bytes of an address that {@link canonicalIp} accepts, in network byte order. */
export function ipBytes(text: string): Buffer {
  if (!text.includes(":")) return Buffer.from(text.split(".").map(Number));
  // The last group can be an IPv4 address: RFC 4291, section 2.2.
  const plain = text.replace(/[\d.]+$/, (last) => {
    if (!last.includes(".")) return last;
    const [a = 0, b = 0, c = 0, d = 0] = last.split(".").map(Number);
    return `${((a << 8) | b).toString(16)}:${((c << 8) | d).toString(16)}`;
  });
  const [before = "", after] = plain.split("::");
  const groupsOf = (part: string): number[] =>
    part === "" ? [] : part.split(":").map((group) => Number.parseInt(group, 16));
  const head = groupsOf(before);
  const tail = groupsOf(after ?? "");
  const bytes = Buffer.alloc(16);
  for (const [index, group] of head.entries()) bytes.writeUInt16BE(group, 2 * index);
  for (const [index, group] of tail.entries()) bytes.writeUInt16BE(group, 16 - 2 * (tail.length - index));
  return bytes;
}
