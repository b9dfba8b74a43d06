// Encodes addresses as sockaddr bytes and decodes them again, for every kind of address.
import { isIP, isIPv4, isIPv6 } from "node:net";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { AF_INET, AF_INET6, AF_NETLINK, AF_PACKET, AF_UNIX, AF_VSOCK } from "../../../src/index.ts";
import { kernel } from "../../../src/native/load.ts";
import { type Address, AddressBuffer, decodeAddress, encodeNumericAddress } from "../../../src/socket/address.ts";
import { startChild } from "../../support/child.ts";
import { requireTool } from "../../support/tools.ts";

const SOCKADDR_STORAGE_BYTES = 128;
const UNIX_NAME_BYTES = 107;

function decode(sockaddr: Uint8Array): Address | undefined {
  const { buffer, byteOffset, byteLength } = sockaddr;
  return decodeAddress(new DataView(buffer, byteOffset, byteLength), 0, byteLength);
}

const port = fc.integer({ min: 0, max: 65_535 });
const ipv4 = fc.uint8Array({ minLength: 4, maxLength: 4 });
/** Zeros are common, so that "::" appears at every place. */
const ipv6 = fc
  .array(fc.oneof(fc.constant(0), fc.constant(0xffff), fc.integer({ min: 0, max: 0xffff })), {
    minLength: 8,
    maxLength: 8,
  })
  .map((groups) => Uint8Array.from(groups.flatMap((group) => [group >> 8, group & 0xff])));
/** Well-formed text, or bytes that are not UTF-8. */
const unixName = (least: number): fc.Arbitrary<string | Buffer> =>
  fc.oneof(
    fc
      .string({ unit: "grapheme", minLength: least, maxLength: UNIX_NAME_BYTES })
      .filter((text) => Buffer.byteLength(text) <= UNIX_NAME_BYTES && Buffer.from(text).toString() === text),
    fc.uint8Array({ minLength: least, maxLength: UNIX_NAME_BYTES - 1 }).map((bytes) => Buffer.from([...bytes, 0xff])),
  );

/** Returns IP bytes as text, by the decoder; the tests below cover the text itself. */
function hostOf(family: number, bytes: Uint8Array): string {
  return String(kernel.inet_ntop(family, bytes));
}

const inet = fc.record({ family: fc.constant(AF_INET), host: ipv4.map((bytes) => hostOf(AF_INET, bytes)), port });
const inet6 = fc.record({
  family: fc.constant(AF_INET6),
  host: ipv6.map((bytes) => hostOf(AF_INET6, bytes)),
  port,
  flowinfo: fc.integer({ min: 0, max: 0xfffff }),
  scopeId: fc.integer({ min: 0, max: 0xffffffff }),
});
const unixPath = fc.record({ family: fc.constant(AF_UNIX), path: unixName(0).filter((path) => !path.includes("\0")) });
const unixAbstract = fc.record({ family: fc.constant(AF_UNIX), abstract: unixName(0) });
const uint32 = fc.integer({ min: 0, max: 0xffffffff });
const vsock = fc.record({ family: fc.constant(AF_VSOCK), cid: uint32, port: uint32 });
const raw = fc.record({
  family: fc.constantFrom(AF_NETLINK, AF_PACKET, 0, 0xffff),
  bytes: fc.uint8Array({ maxLength: SOCKADDR_STORAGE_BYTES - 2 }).map((bytes) => Buffer.from(bytes)),
});

describe("an address is unchanged after encoding and decoding", () => {
  test.each([
    ["AF_INET", inet],
    ["AF_INET6", inet6],
    ["AF_UNIX, path", unixPath],
    ["AF_UNIX, abstract name", unixAbstract],
    ["AF_VSOCK", vsock],
    ["any other family", raw],
  ])("%s", (_name, addresses: fc.Arbitrary<{ family: number }>) => {
    const property = fc.property(addresses, (address) => {
      expect(decode(encodeNumericAddress(address.family, address).sockaddr)).toEqual(address);
    });
    fc.assert(property, { numRuns: 1_000 });
  });
});

test("a sockaddr is unchanged after decoding and encoding, for addresses with fields", () => {
  const sockaddr = fc.oneof(
    fc.tuple(
      fc.constant(AF_INET),
      fc.uint8Array({ minLength: 6, maxLength: 6 }).map((bytes) => [...bytes, ...zeros(8)]),
    ),
    fc.tuple(
      fc.constant(AF_INET6),
      fc.uint8Array({ minLength: 26, maxLength: 26 }).map((bytes) => {
        // ipv6(7): 20 bits of flowinfo are the label.
        bytes.set([0, (bytes[3] ?? 0) & 0x0f], 2);
        return [...bytes];
      }),
    ),
    fc.tuple(
      fc.constant(AF_VSOCK),
      fc.uint8Array({ minLength: 8, maxLength: 8 }).map((bytes) => [...zeros(2), ...bytes, ...zeros(4)]),
    ),
  );
  const property = fc.property(sockaddr, ([family, rest]) => {
    const bytes = Uint8Array.from([family, 0, ...rest]);
    const address = decode(bytes);
    expect(address).toBeDefined();
    expect([...encodeNumericAddress(family, address).sockaddr]).toEqual([...bytes]);
  });
  fc.assert(property, { numRuns: 1_000 });
});

function zeros(count: number): number[] {
  return Array.from({ length: count }, () => 0);
}

/** Known families with rests of every length, and any other bytes. */
const anySockaddr = fc.oneof(
  fc.uint8Array({ maxLength: SOCKADDR_STORAGE_BYTES }),
  fc
    .tuple(
      fc.constantFrom(AF_UNIX, AF_INET, AF_INET6, AF_VSOCK, 0),
      fc.uint8Array({ maxLength: SOCKADDR_STORAGE_BYTES - 2 }),
    )
    .map(([family, rest]) => Uint8Array.from([family, 0, ...rest])),
);

test("any bytes decode as some address, and no byte outside them is read", () => {
  const property = fc.property(anySockaddr, fc.nat(9), (sockaddr, before) => {
    const readings = [0x00, 0x55, 0xff].map((around) => {
      const bytes = new Uint8Array(before + sockaddr.length + 32).fill(around);
      bytes.set(sockaddr, before);
      return decodeAddress(new DataView(bytes.buffer), before, sockaddr.length);
    });
    // The bytes around it do not change the address, and a view that ends with it is enough.
    expect(readings[1]).toEqual(readings[0]);
    expect(readings[2]).toEqual(readings[0]);
    expect(decode(sockaddr)).toEqual(readings[0]);
    if (sockaddr.length < 2) expect(readings[0]).toBeUndefined();
    else expect(readings[0]?.family).toBe((sockaddr[0] ?? 0) + 256 * (sockaddr[1] ?? 0));
  });
  fc.assert(property, { numRuns: 3_000 });
});

test("a decoded address does not share memory with its source", () => {
  const property = fc.property(anySockaddr, (sockaddr) => {
    const bytes = Uint8Array.from(sockaddr);
    const address = decode(bytes);
    bytes.fill(0xaa);
    expect(address).toEqual(decode(Uint8Array.from(sockaddr)));
  });
  fc.assert(property, { numRuns: 1_000 });
});

// accept(2): "the returned address is truncated if the buffer provided is too small"; the length is then the full one.
test.each([0, 1, 2, 16, 128, 129, 4096, 0x7fffffff, -1])(
  "a length of %i from the kernel is read up to the size of the buffer",
  (length) => {
    const room = new AddressBuffer();
    const view = new DataView(room.bytes.buffer);
    view.setInt32(0, length, true);
    view.setUint16(4, AF_INET, true);
    const address = room.get();
    if (length < 2) expect(address).toBeUndefined();
    else expect(address).toMatchObject({ family: AF_INET });
  },
);

describe("the texts of IP addresses", () => {
  test("are valid for node:net, and convert back to the same bytes", () => {
    const property = fc.property(fc.oneof(ipv4, ipv6), (bytes) => {
      const family = bytes.length === 4 ? AF_INET : AF_INET6;
      const text = hostOf(family, bytes);
      expect(isIP(text)).toBe(bytes.length === 4 ? 4 : 6);
      const back = new Uint8Array(bytes.length);
      expect(kernel.inet_pton(family, text, back)).toBe(1);
      expect([...back]).toEqual([...bytes]);
    });
    fc.assert(property, { numRuns: 2_000 });
  });

  /** Almost addresses: the characters of addresses in any order. */
  const nearly = fc.string({ unit: fc.constantFrom(..."0123456789abcdefAF::::....g -"), maxLength: 24 });
  const damaged = fc
    .tuple(fc.oneof(ipv4, ipv6), fc.nat(40), fc.constantFrom("", "0", ":", "::", ".", "f", "256", "%", " "))
    .map(([bytes, at, piece]) => {
      const text = hostOf(bytes.length === 4 ? AF_INET : AF_INET6, bytes);
      return text.slice(0, at) + piece + text.slice(at + 1);
    });
  const texts = fc.oneof(nearly, damaged).filter((text) => !text.includes("%"));

  test("are refused exactly when node:net refuses them", () => {
    const property = fc.property(texts, (text) => {
      expect(kernel.inet_pton(AF_INET, text, new Uint8Array(4)) === 1).toBe(isIPv4(text));
      expect(kernel.inet_pton(AF_INET6, text, new Uint8Array(16)) === 1).toBe(isIPv6(text));
    });
    fc.assert(property, { numRuns: 3_000 });
  });

  test("are the ones that Python's socket module writes and accepts", async (context) => {
    const python = await startChild(requireTool(context, "python3"), ["-c", PYTHON]);
    const addresses = fc.sample(fc.oneof(ipv4, ipv6), 1_000);
    const candidates = fc.sample(texts, 1_000);
    const expected = [
      ...addresses.map((bytes) => hostOf(bytes.length === 4 ? AF_INET : AF_INET6, bytes)),
      ...candidates.flatMap((text) => [
        String(kernel.inet_pton(AF_INET, text, new Uint8Array(4)) === 1),
        String(kernel.inet_pton(AF_INET6, text, new Uint8Array(16)) === 1),
      ]),
    ];
    const questions = { addresses: addresses.map((bytes) => Buffer.from(bytes).toString("hex")), candidates };
    python.stdin.end(JSON.stringify(questions));
    expect(await python.exit()).toEqual({ code: 0, signal: null });
    expect(python.stdout.trimEnd().split("\n")).toEqual(expected);
  });
});

const PYTHON = `
import json, socket, sys

def takes(family, text):
    try:
        socket.inet_pton(family, text)
        return "true"
    except OSError:
        return "false"

questions = json.load(sys.stdin)
for address in questions["addresses"]:
    data = bytes.fromhex(address)
    print(socket.inet_ntop(socket.AF_INET if len(data) == 4 else socket.AF_INET6, data))
for text in questions["candidates"]:
    print(takes(socket.AF_INET, text))
    print(takes(socket.AF_INET6, text))
`;
