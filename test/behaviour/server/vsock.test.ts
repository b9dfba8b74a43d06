// Servers and clients between virtual machines and their host.
import { beforeEach, describe, expect, onTestFinished, test, vi } from "vitest";
import { AF_VSOCK, SocketError, socket, VMADDR_CID_LOCAL, VMADDR_PORT_ANY } from "../../../src/index.ts";
import { connect, serve, TransportError } from "../../../src/server.ts";
import { vsockListener } from "../socket/vsock.ts";

test("a listener on port 0 reports the port that it got", async (context) => {
  const probe = vsockListener() ?? context.skip("this kernel has no AF_VSOCK");
  probe.close();
  const server = await serve("vsock://*:0", async () => undefined);
  onTestFinished(async () => void (await server.close()));
  expect(server.urls).toEqual([expect.stringMatching(/^vsock:\/\/\*:[1-9]\d+$/)]);
  await expect(serve(server.urls[0] ?? "", async () => undefined)).rejects.toMatchObject({ code: "EADDRINUSE" });
});

test("over node:net, vsock URLs are refused", async () => {
  vi.stubEnv("SOCKWRIGHT_TRANSPORT", "node");
  onTestFinished(() => void vi.unstubAllEnvs());
  await expect(serve("vsock://*:0", async () => undefined)).rejects.toThrow(TransportError);
  await expect(connect("vsock://2:5000")).rejects.toThrow(TransportError);
});

describe("with vsock_loopback", () => {
  beforeEach((context) => {
    if (!hasLoopback()) context.skip("this kernel has no vsock_loopback");
  });

  test("a client is served, and each side knows its peer's address", async () => {
    const peers: unknown[] = [];
    const server = await serve("vsock://*:0", async (connection) => {
      peers.push(connection.peer);
      connection.write(await connection.readExactly(5));
    });
    onTestFinished(async () => void (await server.close()));
    const port = Number(/\d+$/.exec(server.urls[0] ?? ""));
    const client = await connect(`vsock://${VMADDR_CID_LOCAL}:${port}`);
    expect(client.peer).toEqual({ cid: VMADDR_CID_LOCAL, port });
    client.write("hello");
    expect(String(await client.readExactly(5))).toBe("hello");
    expect(peers).toEqual([{ cid: VMADDR_CID_LOCAL, port: expect.any(Number) }]);
    await client.close();
  });
});

function hasLoopback(): boolean {
  const probe = vsockListener();
  if (probe === undefined) return false;
  probe.close();
  const bound = socket(AF_VSOCK);
  try {
    bound.bind({ cid: VMADDR_CID_LOCAL, port: VMADDR_PORT_ANY });
    return true;
  } catch (error) {
    if (error instanceof SocketError && error.code === "EADDRNOTAVAIL") return false;
    throw error;
  } finally {
    bound.close();
  }
}
