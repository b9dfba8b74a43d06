// The zone of an IPv6 address in a URL: RFC 4007, RFC 6874.
import { expect, test } from "vitest";
import { formatSocketUrl, parseSocketUrl, SocketUrlError } from "../../../../src/server.ts";

test.for([
  ["tcp://[fe80::1%lo]:80", "fe80::1%lo"],
  ["udp://[fe80::1%25lo]:80", "fe80::1%lo"],
  ["tcp://[fe80::1%25eth0%2E5]:80", "fe80::1%eth0.5"],
  ["tcp://[fe80::1%br_lan]:80", "fe80::1%br_lan"],
  ["tcp://[fe80::1%25br_lan]:80", "fe80::1%br_lan"],
  ["tcp://[fe80::1%2]:80", "fe80::1%2"],
  // As in curl(1): a zone of 25 alone is the interface 25.
  ["tcp://[fe80::1%25]:80", "fe80::1%25"],
  ["tcp://[fe80::1%2525x]:80", "fe80::1%25x"],
  ["tcp://[::1%lo]:80", "::1%lo"],
  ["udp://[ff02::1%eth0]:80", "ff02::1%eth0"],
] as const)("%s is %s", ([text, host]) => {
  const url = parseSocketUrl(text);
  expect(url).toMatchObject({ host, port: 80 });
  expect(parseSocketUrl(formatSocketUrl(url))).toEqual(url);
});

test.for([
  ["tcp://[fe80::1]:80", "an address that each network has for itself: write tcp://[fe80::1%eth0]:80"],
  ["udp://[FEBF::1]:80", "write udp://[FEBF::1%eth0]:80"],
  ["udp://[ff02::1]:80", "write udp://[ff02::1%eth0]:80"],
  ["tcp://[fe80::1%]:80", 'the zone "", which is no interface: write [fe80::1%eth0]'],
  ["tcp://[fe80::1%a%b]:80", 'the zone "a%b", which is no interface'],
  ["tcp://[fe80::1%25%zz]:80", 'the zone "25%zz", which is no interface'],
  ["tcp://[fe80::1%99999999999]:80", 'the zone "99999999999", which is no interface'],
  ["udp://[fe80::1%4294967296]:80", 'the zone "4294967296", which is no interface'],
  ["tcp://[fe80::1%0]:80", 'the zone "0", which is no interface'],
  [`tcp://[fe80::1%${"x".repeat(16)}]:80`, "which is no interface"],
  ["tcp://[127.0.0.1%lo]:80", "has brackets around what is no IPv6 address"],
] as const)("%s is rejected: %s", ([text, reason]) => {
  expect(() => parseSocketUrl(text)).toThrow(SocketUrlError);
  expect(() => parseSocketUrl(text)).toThrow(reason);
});

test("the interface option is used as the zone", () => {
  expect(parseSocketUrl("udp://[ff02::1]:80?interface=lo")).toMatchObject({ host: "ff02::1", interface: "lo" });
});

test.for([
  ["/tmp/x", "write unix:/tmp/x"],
  ["./x", "write unix:./x"],
  ["../x", "write unix:../x"],
  ["~/x", "write unix:~/x"],
  ["@name", "write unix:@name"],
] as const)("%s has no scheme: %s", ([text, advice]) => {
  expect(() => parseSocketUrl(text)).toThrow(`has no scheme: ${advice}`);
});
