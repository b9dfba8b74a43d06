import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { type AddressInput, AF_INET, AF_INET6, AF_UNIX, SocketError, socket } from "../../../src/index.ts";
import { temporaryFolder } from "../../support/folders.ts";
import { nodeConnectError } from "./node-peer.ts";
import { expectNodesShape, rejection } from "./node-shape.ts";

/** The error with which our connect fails. */
async function ourConnectError(family: number, address: AddressInput): Promise<unknown> {
  await using client = socket(family);
  return await rejection(client.connect(address));
}

/** The port of a bound socket that does not listen: no other socket gets it, and the kernel refuses connections. */
function refusingPort(family: number, host: string): number {
  const holder = socket(family);
  onTestFinished(() => holder.close());
  holder.bind({ host, port: 0 });
  return holder.getsockname().port ?? 0;
}

describe("errors have Node's own shape: connection refused", () => {
  test.each([
    ["IPv4", AF_INET, "127.0.0.1"],
    ["IPv6", AF_INET6, "::1"],
  ] as const)("%s", async (_name, family, host) => {
    const port = refusingPort(family, host);
    const ours = await ourConnectError(family, { host, port });
    expect(ours).toBeInstanceOf(SocketError);
    expect(ours).toMatchObject({ code: "ECONNREFUSED" });
    expectNodesShape(ours, await nodeConnectError({ host, port }), "connect");
  });

  test("a Unix path whose socket does not listen", async () => {
    const path = join(temporaryFolder(), "socket");
    const holder = socket(AF_UNIX);
    onTestFinished(() => holder.close());
    holder.bind({ path });
    const ours = await ourConnectError(AF_UNIX, { path });
    expect(ours).toMatchObject({ code: "ECONNREFUSED" });
    expectNodesShape(ours, await nodeConnectError({ path }), "connect");
  });

  test("connect_ex returns the same errno", async () => {
    const port = refusingPort(AF_INET, "127.0.0.1");
    const nodes = await nodeConnectError({ host: "127.0.0.1", port });
    await using client = socket();
    expect({ errno: -(await client.connect_ex({ host: "127.0.0.1", port })) }).toEqual({
      errno: (nodes as NodeJS.ErrnoException).errno,
    });
  });
});

test("errors have Node's own shape: a Unix path that does not exist", async () => {
  const path = join(temporaryFolder(), "none");
  const ours = await ourConnectError(AF_UNIX, { path });
  expect(ours).toMatchObject({ code: "ENOENT" });
  expectNodesShape(ours, await nodeConnectError({ path }), "connect");
});

// An empty label is not a valid DNS name (RFC 1035, section 3.1), so the resolver fails without a query.
test.each([
  ["IPv4", AF_INET, 4],
  ["IPv6", AF_INET6, 6],
] as const)("errors have Node's own shape: name not found, %s", async (_name, family, version) => {
  const ours = await ourConnectError(family, { host: "no..name", port: 80 });
  expect(ours).toMatchObject({ code: "ENOTFOUND", hostname: "no..name" });
  expectNodesShape(ours, await nodeConnectError({ host: "no..name", port: 80, family: version }), "getaddrinfo");
});
