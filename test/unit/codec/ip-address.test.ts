// IP addresses as text and as bytes, without the addon; the kernel's inet_pton and inet_ntop are the reference.
import fc from "fast-check";
import { expect, test } from "vitest";
import { canonicalIp, ipBytes, ipOf } from "../../../src/codec/ip-address.ts";
import { AF_INET, AF_INET6, inet_ntop, inet_pton } from "../../../src/index.ts";

test("bytes and text agree with inet_ntop and inet_pton", () => {
  const byte = fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 255 }));
  const bytes = fc.oneof(
    fc.array(byte, { minLength: 4, maxLength: 4 }),
    fc.array(byte, { minLength: 16, maxLength: 16 }),
  );
  fc.assert(
    fc.property(bytes, (values) => {
      const packed = Buffer.from(values);
      const family = packed.length === 4 ? AF_INET : AF_INET6;
      const text = ipOf(packed);
      expect(text).toBe(inet_ntop(family, packed));
      expect(ipBytes(text)).toEqual(inet_pton(family, text));
      expect(canonicalIp(family === AF_INET ? "inet" : "inet6", text)).toBe(text);
    }),
    { numRuns: 2_000 },
  );
});

test.for(["1:2:3:4:5:6:7:8", "::", "::1", "1::", "2001:DB8:0:0:0:0:0:1", "::ffff:192.0.2.1", "1:2:3:4:5:6:7.8.9.10"])(
  "%s has the bytes of inet_pton, and inet_ntop's form",
  (text) => {
    expect(ipBytes(text)).toEqual(inet_pton(AF_INET6, text));
    expect(canonicalIp("inet6", text)).toBe(inet_ntop(AF_INET6, inet_pton(AF_INET6, text)));
  },
);

test.for([
  ["inet", "01.2.3.4"],
  ["inet", "1.2.3"],
  ["inet", "1.2.3.256"],
  ["inet", " 1.2.3.4"],
  ["inet", "::1"],
  ["inet", ""],
  ["inet6", "fe80::1%lo"],
  ["inet6", "1::2::3"],
  ["inet6", "1.2.3.4"],
  ["inet6", "12345::"],
  ["inet6", "[::1]"],
] as const)("%s: %j is no address", ([family, text]) => {
  expect(canonicalIp(family, text)).toBeUndefined();
});
