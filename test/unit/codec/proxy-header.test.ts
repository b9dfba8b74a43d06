// Headers of the PROXY protocol: the valid and the invalid ones of the specification, at every cut.
import { describe, expect, test } from "vitest";
import { crc32c } from "../../../src/codec/crc32c.ts";
import { type FrameErrorCode, type ProxyHeader, proxyHeader } from "../../../src/codec.ts";

const SIGNATURE = "0d0a0d0a000d0a515549540a";
const REST = "GET / HTTP/1.1\r\n\r\n";

/** A header of version 2: byte 12, byte 13, and the body in hexadecimal digits. */
function v2(command: string, protocol: string, body = ""): Buffer {
  const length = (body.length / 2).toString(16).padStart(4, "0");
  return Buffer.from(`${SIGNATURE}${command}${protocol}${length}${body}`, "hex");
}

/** Adds a checksum TLV to the body of a header, with the right value, or a wrong one. */
function withChecksum(command: string, protocol: string, body: string, off = 0): Buffer {
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

/** Decodes a stream that is cut at these places; returns the header, and what follows it. */
function decode(stream: Buffer, cuts: readonly number[], options?: Parameters<typeof proxyHeader>[0]) {
  const decoder = proxyHeader(options).decoder();
  const ends = [...cuts, stream.length];
  let header: ProxyHeader | undefined;
  let from = 0;
  for (const end of ends) {
    decoder.push(stream.subarray(from, end));
    from = end;
    header = decoder.next();
    if (header !== undefined) break;
  }
  return { header, rest: Buffer.concat([decoder.rest(), stream.subarray(from)]).toString("latin1") };
}

/** Decodes at no cut, at each single cut, and byte by byte: all give the same. */
function expectAtEveryCut(stream: Buffer, expected: ProxyHeader): void {
  const whole = Buffer.concat([stream, Buffer.from(REST)]);
  const eachByte = Array.from({ length: whole.length }, (_, index) => index);
  for (const cuts of [[], ...eachByte.map((cut) => [cut]), eachByte]) {
    expect(decode(whole, cuts)).toEqual({ header: expected, rest: REST });
  }
}

/** The error of a stream, at no cut, at each single cut and byte by byte. */
function expectRefused(stream: Buffer, code: FrameErrorCode, reason: RegExp, options?: object): void {
  const eachByte = Array.from({ length: stream.length }, (_, index) => index);
  for (const cuts of [[], ...eachByte.map((cut) => [cut]), eachByte]) {
    let thrown: unknown;
    try {
      decode(stream, cuts, options);
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toMatchObject({ code, message: expect.stringMatching(reason) });
  }
}

const inet = { family: "inet", type: "stream" } as const;
const source = { host: "192.0.2.7", port: 50_000 };
const destination = { host: "192.0.2.1", port: 443 };
const INET_BODY = "c0000207" + "c0000201" + "c350" + "01bb";
const source6 = { host: "2001:db8::7", port: 50_000 };
const destination6 = { host: "::ffff:192.0.2.1", port: 443 };
const INET6_BODY = "20010db8000000000000000000000007" + "00000000000000000000ffffc0000201" + "c350" + "01bb";
const UNIX_BODY = Buffer.concat([
  Buffer.concat([Buffer.from("/run/client")], 108),
  Buffer.concat([Buffer.from("\0server")], 108),
]).toString("hex");
const v1 = { version: 1, command: "proxy" } as const;
const proxy2 = { version: 2, command: "proxy", tlvs: [] } as const;

describe("version 1", () => {
  test.for<[line: string, expected: ProxyHeader]>([
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
  ])("%j", ([line, expected]) => {
    expectAtEveryCut(Buffer.from(line), expected);
  });

  test.for<[line: string, reason: RegExp]>([
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
  ])("%j is refused", ([line, reason]) => {
    expectRefused(Buffer.from(line), "ERR_SOCKWRIGHT_FRAME_MALFORMED", reason);
  });

  test("a line of 108 bytes is refused, also before its end has come", () => {
    const line = `PROXY UNKNOWN ${"x".repeat(92)}\r\n`;
    expect(line).toHaveLength(108);
    expectRefused(Buffer.from(line), "ERR_SOCKWRIGHT_FRAME_TOO_LARGE", /more than 107/);
    expectRefused(Buffer.from(line.slice(0, 107)), "ERR_SOCKWRIGHT_FRAME_TOO_LARGE", /more than 107/);
  });
});

describe("version 2", () => {
  test.for<[name: string, header: Buffer, expected: ProxyHeader]>([
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
  ])("%s", ([, header, expected]) => {
    expectAtEveryCut(header, expected);
  });

  const malformed = "ERR_SOCKWRIGHT_FRAME_MALFORMED";
  test.for<[name: string, header: Buffer, reason: RegExp]>([
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
  ])("%s is refused", ([, header, reason]) => {
    expectRefused(header, malformed, reason);
  });

  test("a header above maxHeaderBytes is refused before its body has come", () => {
    const header = v2("21", "11", `${INET_BODY}${"0400fd".padEnd(512, "0")}`);
    const start = header.subarray(0, 16);
    expectRefused(start, "ERR_SOCKWRIGHT_FRAME_TOO_LARGE", /284 bytes, more than 283/, { maxHeaderBytes: 283 });
    expect(decode(header, [], { maxHeaderBytes: 284 }).header).toMatchObject({ command: "proxy" });
  });

  test("the default limit is 4 096 bytes", () => {
    const body = (bytes: number) =>
      `${INET_BODY}ea${(bytes - 31).toString(16).padStart(4, "0")}${"00".repeat(bytes - 31)}`;
    expect(decode(v2("21", "11", body(4_096)), []).header).toMatchObject({ family: "inet" });
    expectRefused(
      v2("21", "11", body(4_097)).subarray(0, 16),
      "ERR_SOCKWRIGHT_FRAME_TOO_LARGE",
      /4097 bytes, more than 4096/,
    );
  });
});

test("a wrong first byte is refused at once, a wrong later one as soon as it comes", () => {
  for (const start of ["X", "PX", "PROXYX", "\r\n\r\nX", "\r\n\r\n\0\r\nQUIT\n\x31", "\r\n\r\n\0\r\nQUIT\n\x21\x55"]) {
    const decoder = proxyHeader().decoder();
    decoder.push(Buffer.from(start.slice(0, -1), "latin1"));
    expect(decoder.next()).toBeUndefined();
    decoder.push(Buffer.from(start.slice(-1), "latin1"));
    expect(() => decoder.next()).toThrow();
  }
});

test("the end within a header is an error", () => {
  for (const header of [Buffer.from("PROXY TCP4 192.0.2.7"), v2("21", "11", INET_BODY)]) {
    const decoder = proxyHeader().decoder();
    decoder.push(header.subarray(0, -1));
    expect(decoder.next()).toBeUndefined();
    decoder.end();
    expect(() => decoder.next()).toThrow(expect.objectContaining({ code: "ERR_SOCKWRIGHT_UNEXPECTED_END" }));
  }
});

test("a refused header cannot be skipped", () => {
  const decoder = proxyHeader().decoder();
  decoder.push(Buffer.from("GET / HTTP/1.1\r\n"));
  expect(() => decoder.next()).toThrow();
  expect(() => decoder.skip?.()).toThrow(expect.objectContaining({ code: "ERR_SOCKWRIGHT_FRAME_UNSKIPPABLE" }));
});

describe("encode", () => {
  const codec = proxyHeader();

  test.for<[name: string, header: ProxyHeader, bytes: Buffer]>([
    ["version 1", { ...v1, ...inet, source, destination }, Buffer.from("PROXY TCP4 192.0.2.7 192.0.2.1 50000 443\r\n")],
    ["UNKNOWN", { ...v1, family: "unspec" }, Buffer.from("PROXY UNKNOWN\r\n")],
    ["version 2", { ...proxy2, ...inet, source, destination }, v2("21", "11", INET_BODY)],
    [
      "IPv6 and a TLV",
      {
        ...proxy2,
        family: "inet6",
        type: "datagram",
        source: source6,
        destination: destination6,
        tlvs: [{ type: 5, value: Buffer.of(1) }],
      },
      v2("21", "22", `${INET6_BODY}05000101`),
    ],
    [
      "Unix names",
      {
        ...proxy2,
        family: "unix",
        type: "stream",
        source: { path: "/run/client" },
        destination: { abstract: "server" },
      },
      v2("21", "31", UNIX_BODY),
    ],
    ["UNSPEC", { ...proxy2, family: "unspec" }, v2("21", "00")],
    ["LOCAL", { version: 2, command: "local" }, v2("20", "00")],
  ])("%s", ([, header, bytes]) => {
    expect(codec.encode(header).toString("hex")).toBe(bytes.toString("hex"));
  });

  test("the option checksum adds one that is right", () => {
    const bytes = proxyHeader({ checksum: true }).encode({ ...proxy2, ...inet, source, destination });
    expect(bytes.toString("hex")).toBe(withChecksum("21", "11", INET_BODY).toString("hex"));
  });

  test.for<[name: string, header: ProxyHeader, reason: RegExp]>([
    [
      "a name for an address",
      { ...proxy2, ...inet, source: { host: "localhost", port: 1 }, destination },
      /"localhost"/,
    ],
    ["IPv6 as inet", { ...proxy2, ...inet, source: source6, destination }, /"2001:db8::7" is no address of inet/],
    ["datagrams in version 1", { ...v1, ...inet, type: "datagram", source, destination }, /version 1 has TCP alone/],
    [
      "Unix names in version 1",
      { ...v1, family: "unix", type: "stream", source: { path: "" }, destination: { path: "" } },
      /version 1 has TCP alone/,
    ],
    [
      "a checksum among the TLVs",
      { ...proxy2, family: "unspec", tlvs: [{ type: 3, value: Buffer.alloc(4) }] },
      /the option checksum adds/,
    ],
    [
      "a path of 109 bytes",
      { ...proxy2, family: "unix", type: "stream", source: { path: "a".repeat(109) }, destination: { path: "" } },
      /109 bytes/,
    ],
    [
      "a zero byte in a path",
      { ...proxy2, family: "unix", type: "stream", source: { path: "a\0b" }, destination: { path: "" } },
      /a zero byte/,
    ],
    ["an id of 129 bytes", { ...proxy2, family: "unspec", tlvs: [{ type: 5, value: Buffer.alloc(129) }] }, /129 bytes/],
    [
      "a TLV of 64 KiB",
      { ...proxy2, family: "unspec", tlvs: [{ type: 234, value: Buffer.alloc(65_536) }] },
      /65536 bytes/,
    ],
  ])("%s cannot be encoded", ([, header, reason]) => {
    expect(() => codec.encode(header)).toThrow(
      expect.objectContaining({ code: "ERR_SOCKWRIGHT_FRAME_UNENCODABLE", message: expect.stringMatching(reason) }),
    );
  });

  test("a port that is none, and a header above the limit", () => {
    expect(() =>
      codec.encode({ ...proxy2, ...inet, source: { host: "192.0.2.7", port: 65_536 }, destination }),
    ).toThrow(RangeError);
    expect(() =>
      codec.encode({ ...proxy2, family: "unspec", tlvs: [{ type: 234, value: Buffer.alloc(4_078) }] }),
    ).toThrow(expect.objectContaining({ code: "ERR_SOCKWRIGHT_FRAME_TOO_LARGE" }));
  });
});

test("the limit of a header is 107 to 65 551 bytes", () => {
  expect(() => proxyHeader({ maxHeaderBytes: 106 })).toThrow(RangeError);
  expect(() => proxyHeader({ maxHeaderBytes: 65_552 })).toThrow(RangeError);
  proxyHeader({ maxHeaderBytes: 65_551 });
});
