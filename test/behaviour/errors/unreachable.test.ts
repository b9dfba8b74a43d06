import { expect, test } from "vitest";
import { requireTool } from "../../support/tools.ts";
import { expectSameShape } from "./node-shape.ts";
import { nextTold, startInNamespace } from "./told-by.ts";

// A new namespace has no routes, so the kernel refuses at once. RFC 5737: an address for documentation.
test("errors have Node's own shape: network unreachable", async (context) => {
  const host = "198.51.100.2";
  const unshare = requireTool(context, "network namespaces");
  const child = await startInNamespace(unshare, "true", "connect-in-namespace", host);
  const { ours, nodes } = await nextTold(child);
  expect(ours).toMatchObject({ code: "ENETUNREACH", address: host, port: 4321 });
  expectSameShape(ours, nodes, "connect");
  expect(await child.exit()).toEqual({ code: 0, signal: null });
});
