import { expect, test } from "vitest";
import { requireTool } from "../../support/tools.ts";
import { expectSameShape } from "./node-shape.ts";
import { nextTold, startInNamespace } from "./told-by.ts";

// RFC 5737: addresses for documentation. A packet to one leaves by the loopback device and comes back in by it, where it
// is nobody's, and without forwarding it is dropped without an answer. tcp(7), tcp_syn_retries: one more attempt after
// the first, 1 s and then 2 s of waiting.
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
