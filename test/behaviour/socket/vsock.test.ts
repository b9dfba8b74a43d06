// Sockets between virtual machines and their host, vsock(7). No traffic leaves the machine: a test with a connection
// needs the kernel's vsock_loopback, and is skipped without it.
import { beforeEach, describe, expect, onTestFinished, type TestContext, test } from "vitest";
import {
  AF_VSOCK,
  type Socket,
  SocketError,
  socket,
  VMADDR_CID_ANY,
  VMADDR_CID_LOCAL,
  VMADDR_PORT_ANY,
} from "../../../src/index.ts";
import { decodeAddress, encodeNumericAddress } from "../../../src/socket/address.ts";
import { startChild } from "../../support/child.ts";
import { requireTool } from "../../support/tools.ts";

const anywhere = { cid: VMADDR_CID_ANY, port: VMADDR_PORT_ANY };

function open(): Socket {
  const made = socket(AF_VSOCK);
  onTestFinished(() => made.close());
  return made;
}

/** Skips a test on a kernel that lacks what `probe` needs. */
function need(context: TestContext, what: string, code: string, probe: () => void): void {
  try {
    probe();
  } catch (error) {
    if (error instanceof SocketError && error.code === code) context.skip(`this kernel has no ${what}`);
    throw error;
  }
}

beforeEach((context) => need(context, "AF_VSOCK", "EAFNOSUPPORT", () => socket(AF_VSOCK).close()));

test("a listener on any CID and any port gets a port", () => {
  const listener = open();
  listener.bind(anywhere);
  listener.listen();
  const { cid, port = 0 } = listener.getsockname();
  expect(cid).toBe(VMADDR_CID_ANY);
  expect(port).toBeLessThan(VMADDR_PORT_ANY);
  // vsock(7): ports below 1024 are privileged, so the kernel does not choose them.
  expect(port).toBeGreaterThanOrEqual(1_024);
});

test("a port in use is EADDRINUSE, and the error names the port", () => {
  const first = open();
  first.bind(anywhere);
  const { port = 0 } = first.getsockname();
  expect(() => open().bind({ cid: VMADDR_CID_ANY, port })).toThrow(
    expect.objectContaining({
      code: "EADDRINUSE",
      syscall: "bind",
      address: `vsock:${VMADDR_CID_ANY}`,
      port,
      message: `bind EADDRINUSE: address already in use vsock:${VMADDR_CID_ANY}:${port}`,
    }),
  );
});

test("the CID of another machine cannot be bound", () => {
  expect(() => open().bind({ cid: 0xfffffffe, port: VMADDR_PORT_ANY })).toThrow(
    expect.objectContaining({ code: "EADDRNOTAVAIL", address: "vsock:4294967294" }),
  );
});

test("the error of a failed connect contains the address", async () => {
  const listener = open();
  listener.bind(anywhere);
  listener.listen();
  await expect(listener.connect({ cid: VMADDR_CID_LOCAL, port: 5_000 })).rejects.toMatchObject({
    code: "EINVAL",
    syscall: "connect",
    address: "vsock:1",
    port: 5_000,
  });
});

test("addresses are encoded and decoded as the bytes that the kernel gives Python", async (context) => {
  const program = `
import ctypes, socket
libc = ctypes.CDLL(None)
for _ in range(20):
    with socket.socket(socket.AF_VSOCK, socket.SOCK_STREAM) as bound:
        bound.bind((socket.VMADDR_CID_ANY, socket.VMADDR_PORT_ANY))
        room, length = ctypes.create_string_buffer(128), ctypes.c_int(128)
        libc.getsockname(bound.fileno(), room, ctypes.byref(length))
        print(*bound.getsockname(), room.raw[:length.value].hex(), flush=True)
`;
  const python = await startChild(requireTool(context, "python3"), ["-c", program]);
  expect(await python.exit()).toEqual({ code: 0, signal: null });
  const lines = python.stdout.trimEnd().split("\n");
  expect(lines).toHaveLength(20);
  for (const line of lines) {
    const [cid, port, hex = ""] = line.split(" ");
    const address = { family: AF_VSOCK, cid: Number(cid), port: Number(port) };
    const bytes = Uint8Array.from(Buffer.from(hex, "hex"));
    expect(decodeAddress(new DataView(bytes.buffer), 0, bytes.length)).toEqual(address);
    expect(encodeNumericAddress(AF_VSOCK, address).sockaddr).toEqual(bytes);
  }
});

describe("with vsock_loopback", () => {
  beforeEach((context) =>
    need(context, "vsock_loopback", "EADDRNOTAVAIL", () =>
      open().bind({ cid: VMADDR_CID_LOCAL, port: VMADDR_PORT_ANY }),
    ),
  );

  test("a connection carries bytes both ways, and reports the addresses of both ends", async () => {
    const listener = open();
    listener.bind(anywhere);
    listener.listen();
    const { port = 0 } = listener.getsockname();
    const client = open();
    const accepted = listener.accept();
    await client.connect({ cid: VMADDR_CID_LOCAL, port });
    const [served, address] = await accepted;
    onTestFinished(() => served.close());
    expect(client.getpeername()).toEqual({ family: AF_VSOCK, cid: VMADDR_CID_LOCAL, port });
    expect(address).toEqual({ ...client.getsockname(), cid: VMADDR_CID_LOCAL });
    await client.sendall("ping");
    expect(String(await served.recv(16))).toBe("ping");
    await served.sendall("pong");
    expect(String(await client.recv(16))).toBe("pong");
  });

  test("a connect to a port without a listener is reset", async () => {
    const free = open();
    free.bind(anywhere);
    const { port = 0 } = free.getsockname();
    await expect(open().connect({ cid: VMADDR_CID_LOCAL, port })).rejects.toMatchObject({ code: "ECONNRESET" });
  });
});
