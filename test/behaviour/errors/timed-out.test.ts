import { expect, test } from "vitest";
import { requireTool } from "../../support/tools.ts";
import { expectSameShape } from "./node-shape.ts";
import { nextTold, startInNamespace } from "./told-by.ts";

// RFC 5737: an address for documentation. A packet to it leaves through the loopback device and comes back in. No host
// has the address and forwarding is off, so the kernel drops the packet without an answer. tcp(7), tcp_syn_retries: one
// retry after the first attempt, with waits of 1 s and then 2 s.
const NO_ANSWER = `
ip link set lo up
ip route add 198.51.100.0/24 dev lo src 127.0.0.1
echo 1 > /proc/sys/net/ipv4/tcp_syn_retries
`;

test("errors have Node's own shape: timed out", async (context) => {
  requireTool(context, "ip");
  const unshare = requireTool(context, "network settings in a namespace");
  const child = await startInNamespace(unshare, NO_ANSWER, "connect-in-namespace", "198.51.100.2");
  const { ours, nodes } = await nextTold(child);
  expect(ours).toMatchObject({ code: "ETIMEDOUT", errno: -110, address: "198.51.100.2", port: 4321 });
  expectSameShape(ours, nodes, "connect");
  expect(await child.exit()).toEqual({ code: 0, signal: null });
});
