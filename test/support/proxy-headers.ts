// Headers of the PROXY protocol: the valid and the invalid ones of the specification.
import { expect } from "vitest";
import { crc32c } from "../../src/codec/crc32c.ts";
import type { ProxyHeader } from "../../src/codec.ts";

const SIGNATURE = "0d0a0d0a000d0a515549540a";
/** A header of version 2: byte 12, byte 13, and the body in hexadecimal digits. */
export function v2(command: string, protocol: string, body = ""): Buffer {
  const length = (body.length / 2).toString(16).padStart(4, "0");
  return Buffer.from(`${SIGNATURE}${command}${protocol}${length}${body}`, "hex");
}

/** Adds a checksum TLV to the body of a header, with the right value, or a wrong one. */
export function withChecksum(command: string, protocol: string, body: string, off = 0): Buffer {
  const header = v2(command, protocol, `${body}03000400000000`);
  const sum = crc32c(header);
  header.writeUInt32BE((sum + off) >>> 0, header.length - 4);
  return header;
}

/** A header with two checksums, of which the first is right. */
function twoChecksums(): Buffer {
  const header = v2("21", "11", `${INET_BODY}0300040000000003000400000000`);
  header.writeUInt32BE(crc32c(header), 16 + 12 + 3);
  return header;
}

export const inet = { family: "inet", type: "stream" } as const;
export const source = { host: "192.0.2.7", port: 50_000 };
export const destination = { host: "192.0.2.1", port: 443 };
export const INET_BODY = "c0000207" + "c0000201" + "c350" + "01bb";
export const source6 = { host: "2001:db8::7", port: 50_000 };
export const destination6 = { host: "::ffff:192.0.2.1", port: 443 };
export const INET6_BODY = "20010db8000000000000000000000007" + "00000000000000000000ffffc0000201" + "c350" + "01bb";
export const UNIX_BODY = Buffer.concat([
  Buffer.concat([Buffer.from("/run/client")], 108),
  Buffer.concat([Buffer.from("\0server")], 108),
]).toString("hex");
export const v1 = { version: 1, command: "proxy" } as const;
export const proxy2 = { version: 2, command: "proxy", tlvs: [] } as const;

/** Valid lines of version 1. */
export const VALID_LINES: readonly (readonly [line: string, expected: ProxyHeader])[] = [
  ["PROXY TCP4 192.0.2.7 192.0.2.1 50000 443\r\n", { ...v1, ...inet, source, destination }],
  [
    "PROXY TCP4 255.255.255.255 255.255.255.255 65535 65535\r\n",
    {
      ...v1,
      ...inet,
      source: { host: "255.255.255.255", port: 65_535 },
      destination: { host: "255.255.255.255", port: 65_535 },
    },
  ],
  [
    "PROXY TCP6 2001:DB8:0:0::7 ::ffff:192.0.2.1 50000 443\r\n",
    { ...v1, family: "inet6", type: "stream", source: source6, destination: destination6 },
  ],
  [
    "PROXY TCP4 0.0.0.0 0.0.0.0 0 0\r\n",
    { ...v1, ...inet, source: { host: "0.0.0.0", port: 0 }, destination: { host: "0.0.0.0", port: 0 } },
  ],
  ["PROXY UNKNOWN\r\n", { ...v1, family: "unspec" }],
  // The longest line of the specification: 107 bytes with CR LF.
  ["PROXY UNKNOWN ffff:f...f:ffff ffff:f...f:ffff 65535 65535\r\n", { ...v1, family: "unspec" }],
  [`PROXY UNKNOWN ${"x".repeat(91)}\r\n`, { ...v1, family: "unspec" }],
];

/** Lines that are none of version 1, and why. */
export const INVALID_LINES: readonly (readonly [line: string, reason: RegExp])[] = [
  ["GET / HTTP/1.1\r\n", /does not begin with a PROXY header/],
  ["PROXY TCP4 192.0.2.7 192.0.2.1 50000 443\n", /without CR/],
  ["PROXY TCP4 192.0.2.7\r 192.0.2.1 50000 443\r\n", /the address "192\.0\.2\.7\\r"/],
  ["PROXY\r\n", /does not begin with a PROXY header/],
  ["PROXY \r\n", /the protocol ""/],
  ["proxy TCP4 192.0.2.7 192.0.2.1 50000 443\r\n", /does not begin with a PROXY header/],
  ["PROXY  TCP4 192.0.2.7 192.0.2.1 50000 443\r\n", /the protocol ""/],
  ["PROXY UDP4 192.0.2.7 192.0.2.1 50000 443\r\n", /the protocol "UDP4"/],
  ["PROXY UNKNOWNX\r\n", /the protocol "UNKNOWNX"/],
  ["PROXY TCP4 192.0.2.7 192.0.2.1 50000\r\n", /3 words after TCP4, not 4/],
  ["PROXY TCP4 192.0.2.7 192.0.2.1 50000 443 \r\n", /5 words/],
  ["PROXY TCP4 192.0.2.7 192.0.2.1 50000 443 x\r\n", /5 words/],
  ["PROXY TCP4  192.0.2.7 192.0.2.1 50000 443\r\n", /5 words/],
  ["PROXY TCP4 192.0.2.07 192.0.2.1 50000 443\r\n", /the address "192\.0\.2\.07" of TCP4/],
  ["PROXY TCP4 192.0.2.256 192.0.2.1 50000 443\r\n", /the address "192\.0\.2\.256"/],
  ["PROXY TCP4 192.0.2.7 localhost 50000 443\r\n", /the address "localhost"/],
  ["PROXY TCP4 ::1 ::1 50000 443\r\n", /the address "::1" of TCP4/],
  ["PROXY TCP6 192.0.2.7 192.0.2.1 50000 443\r\n", /the address "192\.0\.2\.7" of TCP6/],
  ["PROXY TCP6 fe80::1%eth0 ::1 50000 443\r\n", /the address "fe80::1%eth0"/],
  ["PROXY TCP6 1::2::3 ::1 50000 443\r\n", /the address "1::2::3"/],
  ["PROXY TCP4 192.0.2.7 192.0.2.1 050000 443\r\n", /the port "050000"/],
  ["PROXY TCP4 192.0.2.7 192.0.2.1 50000 0443\r\n", /the port "0443"/],
  ["PROXY TCP4 192.0.2.7 192.0.2.1 65536 443\r\n", /the port "65536"/],
  ["PROXY TCP4 192.0.2.7 192.0.2.1 -1 443\r\n", /the port "-1"/],
  ["PROXY TCP4 192.0.2.7 192.0.2.1 5e3 443\r\n", /the port "5e3"/],
  ["PROXY TCP4 192.0.2.7 192.0.2.1 50000 \r\n", /the port ""/],
];

/** Valid headers of version 2. */
export const VALID_HEADERS: readonly (readonly [name: string, header: Buffer, expected: ProxyHeader])[] = [
  ["TCP over IPv4", v2("21", "11", INET_BODY), { ...proxy2, ...inet, source, destination }],
  ["UDP over IPv4", v2("21", "12", INET_BODY), { ...proxy2, ...inet, type: "datagram", source, destination }],
  [
    "TCP over IPv6",
    v2("21", "21", INET6_BODY),
    { ...proxy2, family: "inet6", type: "stream", source: source6, destination: destination6 },
  ],
  [
    "UDP over IPv6",
    v2("21", "22", INET6_BODY),
    { ...proxy2, family: "inet6", type: "datagram", source: source6, destination: destination6 },
  ],
  [
    "a Unix stream, with a path and an abstract name",
    v2("21", "31", UNIX_BODY),
    {
      ...proxy2,
      family: "unix",
      type: "stream",
      source: { path: "/run/client" },
      destination: { abstract: "server" },
    },
  ],
  [
    "a Unix datagram, without names",
    v2("21", "32", "00".repeat(216)),
    { ...proxy2, family: "unix", type: "datagram", source: { path: "" }, destination: { path: "" } },
  ],
  [
    "Unix names of 108 bytes",
    v2("21", "31", `${"61".repeat(108)}00${"62".repeat(107)}`),
    {
      ...proxy2,
      family: "unix",
      type: "stream",
      source: { path: "a".repeat(108) },
      destination: { abstract: "b".repeat(107) },
    },
  ],
  ["UNSPEC", v2("21", "00"), { ...proxy2, family: "unspec" }],
  [
    "UNSPEC with a TLV",
    v2("21", "00", "050001aa"),
    { ...proxy2, family: "unspec", tlvs: [{ type: 5, value: Buffer.of(0xaa) }] },
  ],
  ["LOCAL", v2("20", "00"), { version: 2, command: "local" }],
  ["LOCAL with addresses", v2("20", "11", INET_BODY), { version: 2, command: "local" }],
  [
    "LOCAL with a family of the future and content that is none",
    v2("20", "ff", "ffffff"),
    { version: 2, command: "local" },
  ],
  [
    "TLVs; padding is left out",
    v2("21", "11", `${INET_BODY}010002683204000300000002000465782e6d`),
    {
      ...proxy2,
      ...inet,
      source,
      destination,
      tlvs: [
        { type: 1, value: Buffer.from("h2") },
        { type: 2, value: Buffer.from("ex.m") },
      ],
    },
  ],
  [
    "a checksum",
    withChecksum("21", "11", INET_BODY),
    { ...proxy2, ...inet, source, destination, tlvs: [{ type: 3, value: expect.any(Buffer) as Buffer }] },
  ],
  [
    "what the proxy knows of TLS",
    v2("21", "11", `${INET_BODY}20000f07000000002100075453 4c76312e33`.replaceAll(" ", "")),
    {
      ...proxy2,
      ...inet,
      source,
      destination,
      tlvs: [{ type: 0x20, value: Buffer.concat([Buffer.of(7, 0, 0, 0, 0, 0x21, 0, 7), Buffer.from("TSLv1.3")]) }],
    },
  ],
];

/** Headers that are none of version 2, and why. */
export const INVALID_HEADERS: readonly (readonly [name: string, header: Buffer, reason: RegExp])[] = [
  ["a wrong signature", Buffer.from("0d0a0d0a000d0a515549540b2111000c", "hex"), /does not begin with a PROXY header/],
  ["version 1 in binary", v2("11", "11", INET_BODY), /version 1/],
  ["version 3", v2("31", "11", INET_BODY), /version 3/],
  ["command 2", v2("22", "11", INET_BODY), /command 2/],
  ["family 4", v2("21", "41", INET_BODY), /0x41/],
  ["protocol 3", v2("21", "13", INET_BODY), /0x13/],
  ["a family without a protocol", v2("21", "10", INET_BODY), /0x10/],
  ["a protocol without a family", v2("21", "01"), /0x01/],
  ["too few bytes for IPv4", v2("21", "11", INET_BODY.slice(2)), /11 bytes where the addresses have 12/],
  ["too few bytes for IPv6", v2("21", "21", INET_BODY), /12 bytes where the addresses have 36/],
  ["too few bytes for Unix", v2("21", "31", INET6_BODY), /36 bytes where the addresses have 216/],
  ["no addresses", v2("21", "11"), /0 bytes where/],
  ["a byte after the addresses", v2("21", "11", `${INET_BODY}00`), /1 bytes after the last TLV/],
  ["two bytes after a TLV", v2("21", "11", `${INET_BODY}0400000400`), /2 bytes after the last TLV/],
  ["a TLV longer than the header", v2("21", "11", `${INET_BODY}050002aa`), /a TLV of 2 bytes where 1 are left/],
  ["a broken TLV of UNSPEC", v2("21", "00", "05"), /1 bytes after the last TLV/],
  ["a wrong checksum", withChecksum("21", "11", INET_BODY, 1), /the checksum does not match/],
  ["a checksum of three bytes", v2("21", "11", `${INET_BODY}030003000000`), /a checksum of 3 bytes/],
  ["two checksums", twoChecksums(), /two checksums/],
  ["an id of 129 bytes", v2("21", "11", `${INET_BODY}050081${"aa".repeat(129)}`), /129 bytes, more than 128/],
  ["an SSL TLV of four bytes", v2("21", "11", `${INET_BODY}20000400000000`), /an SSL TLV of 4 bytes/],
  ["a broken TLV within SSL", v2("21", "11", `${INET_BODY}200008000000000021000a`), /within that of SSL/],
  ["two bytes within SSL", v2("21", "11", `${INET_BODY}20000700000000002100`), /within that of SSL/],
];
