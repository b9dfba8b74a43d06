import fc from "fast-check";
import { expect, test } from "vitest";
import { AF_INET6 } from "../../../../src/index.ts";
import { kernel } from "../../../../src/native/load.ts";
import { addressKey } from "../../../../src/server/limits/address-key.ts";

function keyOf(host: string): string | undefined {
  return addressKey({ host, port: 1 });
}

test.for<readonly [string, string]>([
  ["192.0.2.1", "192.0.2.1"],
  ["::ffff:192.0.2.1", "192.0.2.1"],
  ["2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"],
  ["2001:db8:1:2::", "2001:db8:1:2::/64"],
  ["2001:db8::6", "2001:db8:0:0::/64"],
  ["::1", "0:0:0:0::/64"],
  ["1::2:3:4:5:6", "1:0:0:2::/64"],
  ["fe80::1%eth0", "fe80:0:0:0::/64%eth0"],
])("%s counts as %s", ([host, key]) => {
  expect(keyOf(host)).toBe(key);
});

test("Unix sockets have no address", () => {
  expect(addressKey({ path: "" })).toBeUndefined();
  expect(addressKey({ abstract: "name" })).toBeUndefined();
});

test("kernel-formatted IPv6 addresses have the same key if and only if their first 64 bits are equal", () => {
  const half = fc
    .uint8Array({ minLength: 8, maxLength: 8 })
    .map((bytes) => bytes.map((each) => (each < 128 ? 0 : each)));
  fc.assert(
    fc.property(half, half, half, half, (network, other, host, otherHost) => {
      const text = (...halves: Uint8Array[]): string => String(kernel.inet_ntop(AF_INET6, Buffer.concat(halves)));
      const key = keyOf(text(network, host));
      // The kernel writes some IPv6 addresses with an embedded IPv4 part; another rule covers these.
      fc.pre(
        !text(network, host).includes(".") &&
          !text(network, otherHost).includes(".") &&
          !text(other, host).includes("."),
      );
      expect(keyOf(text(network, otherHost))).toBe(key);
      expect(keyOf(text(other, host)) === key).toBe(Buffer.compare(network, other) === 0);
    }),
  );
});
