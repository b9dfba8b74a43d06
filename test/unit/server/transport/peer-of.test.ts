// The mapping from addresses to peers for each address family, and the keys of the limits per address.
import { networkInterfaces } from "node:os";
import { expect, onTestFinished, test, vi } from "vitest";
import { addressKey } from "../../../../src/server/limits/address-key.ts";
import type { Peer } from "../../../../src/server/transport/peer.ts";
import { isAnswerable, peerOf } from "../../../../src/server/transport/peer-of.ts";
import { ZONES_KEPT_MS } from "../../../../src/server/url/scope.ts";
import { formatAddressUrl } from "../../../../src/server/url/socket-address.ts";
import type { Address } from "../../../../src/socket/address.ts";
import { AF_INET, AF_INET6, AF_NETLINK, AF_PACKET, AF_UNIX, AF_VSOCK } from "../../../../src/socket/constants.ts";

vi.mock("node:os", { spy: true });

const inet6 = { family: AF_INET6, port: 5, flowinfo: 0, scopeId: 0 } as const;

/** The address, its peer, its key for the limits per address, and whether it can be answered. */
const rows: readonly [string, Address, Peer, string | undefined, boolean][] = [
  ["inet", { family: AF_INET, host: "192.0.2.1", port: 5 }, { host: "192.0.2.1", port: 5 }, "192.0.2.1", true],
  ["inet, port 0", { family: AF_INET, host: "192.0.2.1", port: 0 }, { host: "192.0.2.1", port: 0 }, "192.0.2.1", false],
  ["inet6", { ...inet6, host: "2001:db8::1" }, { host: "2001:db8::1", port: 5 }, "2001:db8:0:0::/64", true],
  [
    "inet6, v4-mapped",
    { ...inet6, host: "::ffff:192.0.2.1" },
    { host: "::ffff:192.0.2.1", port: 5 },
    "192.0.2.1",
    true,
  ],
  [
    "inet6, with a scope",
    { ...inet6, host: "fe80::1", scopeId: 7 },
    { host: "fe80::1%test7", port: 5 },
    "fe80:0:0:0::/64%test7",
    true,
  ],
  [
    "inet6, with the scope of no interface",
    { ...inet6, host: "fe80::1", scopeId: 999 },
    { host: "fe80::1%999", port: 5 },
    "fe80:0:0:0::/64%999",
    true,
  ],
  ["unix, a path", { family: AF_UNIX, path: "/run/x" }, { path: "/run/x" }, undefined, true],
  ["unix, an abstract name", { family: AF_UNIX, abstract: "x" }, { abstract: "x" }, undefined, true],
  ["unix, an empty abstract name", { family: AF_UNIX, abstract: "" }, { abstract: "" }, undefined, true],
  ["unix, without a name", { family: AF_UNIX, path: "" }, { path: "" }, undefined, false],
  ["unix, bytes", { family: AF_UNIX, abstract: Buffer.from([0xff, 0x61]) }, { abstract: "\ufffda" }, undefined, true],
  ["unix, a path of bytes", { family: AF_UNIX, path: Buffer.from([0x2f, 0xff]) }, { path: "/\ufffd" }, undefined, true],
  ["vsock", { family: AF_VSOCK, cid: 3, port: 5 }, { cid: 3, port: 5 }, "vsock:3", true],
  ["netlink", { family: AF_NETLINK, bytes: Buffer.alloc(10) }, { path: "" }, undefined, false],
  ["packet", { family: AF_PACKET, bytes: Buffer.alloc(18) }, { path: "" }, undefined, false],
  ["an unknown family", { family: 99, bytes: Buffer.alloc(0) }, { path: "" }, undefined, false],
];

test.each(rows)("%s", (_, address, peer, key, canBeAnswered) => {
  vi.mocked(networkInterfaces).mockReturnValue(interfaces("test7"));
  onTestFinished(() => void vi.mocked(networkInterfaces).mockReset());
  later();
  expect(peerOf(address)).toEqual(peer);
  expect(addressKey(peer)).toBe(key);
  expect(isAnswerable(peer)).toBe(canBeAnswered);
});

test("an address as a program writes it becomes the same peer", () => {
  expect(peerOf({ host: "fe80::1%eth0", port: 1 })).toEqual({ host: "fe80::1%eth0", port: 1 });
  expect(peerOf({ path: "relative" })).toEqual({ path: "relative" });
  expect(peerOf({ cid: 2, port: 3 })).toEqual({ cid: 2, port: 3 });
});

test("ZONES_KEPT_MS: a renamed interface appears under its new name after this time", () => {
  onTestFinished(() => void vi.mocked(networkInterfaces).mockReset());
  const address = { ...inet6, host: "fe80::1", scopeId: 7 };
  vi.mocked(networkInterfaces).mockReturnValue(interfaces("old7"));
  later();
  expect(peerOf(address)).toMatchObject({ host: "fe80::1%old7" });
  vi.mocked(networkInterfaces).mockReturnValue(interfaces("new7"));
  expect(peerOf(address)).toMatchObject({ host: "fe80::1%old7" });
  later();
  expect(peerOf(address)).toMatchObject({ host: "fe80::1%new7" });
});

let now = performance.now();

/** Moves the clock forward until the kept interface names are out of date. */
function later(): void {
  now += 2 * ZONES_KEPT_MS + 60_000;
  const clock = vi.spyOn(performance, "now").mockReturnValue(now);
  onTestFinished(() => clock.mockRestore());
}

function interfaces(name: string): ReturnType<typeof networkInterfaces> {
  const own = { netmask: "ffff:ffff:ffff:ffff::", mac: "00:00:00:00:00:00", internal: false, cidr: null };
  return { [name]: [{ ...own, address: "fe80::7", family: "IPv6", scopeid: 7 }] };
}

test.each([
  ["fe80::1", "[fe80::1%test7]:5"],
  // A link-local multicast group belongs to an interface, too.
  ["ff02::114", "[ff02::114%test7]:5"],
])("the URL of a listener on %s names the interface, as a peer does", (host, place) => {
  vi.mocked(networkInterfaces).mockReturnValue(interfaces("test7"));
  onTestFinished(() => void vi.mocked(networkInterfaces).mockReset());
  later();
  for (const scheme of ["tcp", "udp"] as const) {
    expect(formatAddressUrl(scheme, { ...inet6, host, scopeId: 7 })).toBe(`${scheme}://${place}`);
  }
});
