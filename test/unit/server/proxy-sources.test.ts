// The sources of connections with PROXY headers: which peers they include.
import { expect, test } from "vitest";
import { ProxySources } from "../../../src/server/proxy-sources.ts";
import type { Peer } from "../../../src/server.ts";

function at(host: string): Peer {
  return { host, port: 1 };
}

test.each<[sources: readonly string[], included: readonly Peer[], others: readonly Peer[]]>([
  [["192.0.2.7"], [at("192.0.2.7"), at("::ffff:192.0.2.7"), at("::FFFF:192.0.2.7")], [at("192.0.2.8"), at("::1")]],
  [
    ["10.0.0.0/8"],
    [at("10.0.0.0"), at("10.255.255.255"), at("::ffff:10.1.2.3")],
    [at("11.0.0.0"), at("9.255.255.255"), at("::10.0.0.1"), at("::ffff:11.0.0.0")],
  ],
  [["192.0.2.128/25"], [at("192.0.2.128"), at("192.0.2.255")], [at("192.0.2.127")]],
  [["1.2.3.4/32"], [at("1.2.3.4")], [at("1.2.3.5")]],
  [["0.0.0.0/0"], [at("1.2.3.4"), at("::ffff:1.2.3.4")], [at("::1"), at("2001:db8::1"), { path: "" }]],
  [["::1"], [at("::1"), at("0:0:0:0:0:0:0:1")], [at("127.0.0.1"), at("::2")]],
  [["fe80::/10"], [at("fe80::1%eth0"), at("fe80::1%2"), at("fe80::1")], [at("fec0::1%eth0")]],
  [["2001:db8::/33"], [at("2001:db8:7fff::1")], [at("2001:db8:8000::1")]],
  [["::/0"], [at("::1"), at("2001:db8::1")], [at("1.2.3.4"), at("::ffff:1.2.3.4"), { path: "" }]],
  [["unix"], [{ path: "" }, { path: "/run/x" }, { abstract: "x" }], [at("127.0.0.1"), at("::1"), { cid: 1, port: 1 }]],
  [
    ["10.0.0.0/8", "::1", "unix", "192.0.2.1"],
    [at("10.0.0.1"), at("::1"), { path: "" }, at("192.0.2.1")],
    [at("192.0.2.2")],
  ],
])("%j", (sources, included, others) => {
  const all = new ProxySources(sources);
  expect(included.filter((peer) => !all.includes(peer))).toEqual([]);
  expect(others.filter((peer) => all.includes(peer))).toEqual([]);
});
