// Headers of the PROXY protocol: the valid and the invalid ones of the specification, at every cut.
import { describe, expect, test } from "vitest";
import { type FrameErrorCode, type ProxyHeader, proxyHeader } from "../../../src/codec.ts";
import {
  destination,
  destination6,
  INET_BODY,
  INET6_BODY,
  INVALID_HEADERS,
  INVALID_LINES,
  inet,
  proxy2,
  source,
  source6,
  UNIX_BODY,
  VALID_HEADERS,
  VALID_LINES,
  v1,
  v2,
  withChecksum,
} from "../../support/proxy-headers.ts";

const REST = "GET / HTTP/1.1\r\n\r\n";

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

describe("version 1", () => {
  test.for(VALID_LINES)("%j", ([line, expected]) => {
    expectAtEveryCut(Buffer.from(line), expected);
  });

  test.for(INVALID_LINES)("%j is refused", ([line, reason]) => {
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
  test.for(VALID_HEADERS)("%s", ([, header, expected]) => {
    expectAtEveryCut(header, expected);
  });

  const malformed = "ERR_SOCKWRIGHT_FRAME_MALFORMED";
  test.for(INVALID_HEADERS)("%s is refused", ([, header, reason]) => {
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
