import { existsSync, unlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, onTestFinished, test, vi } from "vitest";
import {
  type AddressInput,
  AF_INET,
  AF_INET6,
  AF_UNIX,
  type CreateServerOptions,
  create_server,
  has_dualstack_ipv6,
  IPPROTO_IPV6,
  IPV6_V6ONLY,
  type Listener,
  SO_ACCEPTCONN,
  SO_REUSEADDR,
  SO_REUSEPORT,
  SOL_SOCKET,
  socket,
} from "../../../src/index.ts";
import { kernel } from "../../../src/native/load.ts";
import { startChild } from "../../support/child.ts";
import { closeAtTheEnd } from "../../support/sockets.ts";
import { requireTool } from "../../support/tools.ts";
import { reservePort } from "./reserved-port.ts";

afterEach(() => {
  vi.restoreAllMocks();
});

function serverOn(address: AddressInput, options?: CreateServerOptions): Listener {
  const [server] = closeAtTheEnd(create_server(address, options));
  return server;
}

const here = { host: "127.0.0.1", port: 0 };

describe("create_server", () => {
  test("listens on IPv4, with SO_REUSEADDR and without SO_REUSEPORT, and accepts", async () => {
    const server = serverOn(here);
    expect(server).toMatchObject({ family: AF_INET, timeout: null });
    const on = (option: number): unknown => server.getsockopt(SOL_SOCKET, option);
    expect([on(SO_ACCEPTCONN), on(SO_REUSEADDR), on(SO_REUSEPORT)]).toEqual([1, 1, 0]);
    const [client] = closeAtTheEnd(socket());
    const [[peer]] = await Promise.all([server.accept(), client.connect(server.getsockname())]);
    closeAtTheEnd(peer);
    expect(client.getpeername()).toEqual(server.getsockname());
  });

  test('"" is any address', () => {
    expect(serverOn({ host: "", port: 0 }).getsockname().host).toBe("0.0.0.0");
    expect(serverOn({ host: "", port: 0 }, { family: AF_INET6 }).getsockname().host).toBe("::");
  });

  test("takes an address that getsockname returned, with its family", () => {
    const first = create_server({ host: "::1", port: 0 }, { family: AF_INET6 });
    const address = first.getsockname();
    first.close();
    expect(serverOn(address).getsockname()).toEqual(address);
  });

  test("reuse_port lets two listeners share an address; without it the second is refused", () => {
    const first = serverOn(here, { reuse_port: true });
    expect(serverOn(first.getsockname(), { reuse_port: true }).getsockname()).toEqual(first.getsockname());
    expect(() => create_server(first.getsockname())).toThrow(expect.objectContaining({ code: "EADDRINUSE" }));
  });

  test("reuse_port: an address without a port is bound even if the kernel refuses the option", () => {
    const address = { abstract: "sockwright-reuse-port" };
    const server = serverOn(address, { family: AF_UNIX, reuse_port: true });
    expect(server.getsockname()).toMatchObject(address);
  });

  test("passes the backlog to listen", () => {
    const listen = vi.spyOn(kernel, "listen");
    serverOn(here);
    serverOn(here, { backlog: 0 });
    serverOn(here, { backlog: 7 });
    expect(listen.mock.calls.map(([, , backlog]) => backlog)).toEqual([4096, 0, 7]);
  });

  test("binds a Unix path", () => {
    const path = join(tmpdir(), `create-server-${process.pid}.sock`);
    const server = serverOn({ path }, { family: AF_UNIX });
    onTestFinished(() => unlinkSync(path));
    expect([server.getsockname().path, existsSync(path)]).toEqual([path, true]);
  });
});

describe("IPv6", () => {
  test.for([
    [undefined, 1],
    [false, 1],
    [true, 0],
  ] as const)("dualstack_ipv6 %s is IPV6_V6ONLY %d", ([dualstack_ipv6, only]) => {
    const server = serverOn({ host: "::", port: 0 }, { family: AF_INET6, dualstack_ipv6 });
    expect(server.getsockopt(IPPROTO_IPV6, IPV6_V6ONLY)).toBe(only);
  });

  test("a dual-stack listener accepts clients of both families", async () => {
    const server = serverOn({ host: "", port: 0 }, { family: AF_INET6, dualstack_ipv6: true });
    const { port = 0 } = server.getsockname();
    for (const [family, host, seen] of [
      [AF_INET, "127.0.0.1", "::ffff:127.0.0.1"],
      [AF_INET6, "::1", "::1"],
    ] as const) {
      const [client] = closeAtTheEnd(socket(family));
      const [[peer, address]] = await Promise.all([server.accept(), client.connect({ host, port })]);
      closeAtTheEnd(peer);
      expect(address.host).toBe(seen);
    }
  });

  test("an IPv6-only listener gets no IPv4 clients, and an IPv4 listener can have the same port", async () => {
    const port = reservePort();
    serverOn({ host: "::", port }, { family: AF_INET6 });
    const [client] = closeAtTheEnd(socket());
    await expect(client.connect({ host: "127.0.0.1", port })).rejects.toMatchObject({ code: "ECONNREFUSED" });
    serverOn({ host: "127.0.0.1", port });
  });

  test.for([
    ["-4", "127.0.0.1"],
    ["-6", "::1"],
  ] as const)("nc %s is served by a dual stack", async ([flag, host], context) => {
    const nc = requireTool(context, "nc");
    const server = serverOn({ host: "", port: 0 }, { family: AF_INET6, dualstack_ipv6: true });
    const child = await startChild(nc, [flag, host, String(server.getsockname().port)]);
    const [peer] = await server.accept();
    closeAtTheEnd(peer);
    await peer.sendall("hello\n");
    await child.line(/^hello$/);
    child.stdin.end("from nc\n");
    expect(String(await peer.recv(100))).toBe("from nc\n");
  });

  test("Python's create_connection connects to a dual-stack listener over both families", async (context) => {
    const python = requireTool(context, "python3");
    const server = serverOn({ host: "", port: 0 }, { family: AF_INET6, dualstack_ipv6: true });
    const code =
      "import socket, sys\ns = socket.create_connection((sys.argv[1], int(sys.argv[2])))\nprint(s.recv(9).decode())";
    for (const host of ["127.0.0.1", "::1"]) {
      const child = await startChild(python, ["-c", code, host, String(server.getsockname().port)]);
      const [peer] = await server.accept();
      closeAtTheEnd(peer);
      await peer.sendall("hello\n");
      expect(String(await child.line(/^hello$/))).toBe("hello");
    }
  });
});

describe("a refused call leaves nothing open", () => {
  function expectRefused(make: () => unknown, error: object): void {
    const before = kernel.openDescriptors();
    expect(make).toThrow(expect.objectContaining(error));
    expect(kernel.openDescriptors()).toBe(before);
  }

  test("a port in use, and an address of another machine", () => {
    const taken = serverOn(here).getsockname();
    expectRefused(() => create_server(taken), { code: "EADDRINUSE", syscall: "bind", port: taken.port });
    expectRefused(() => create_server({ host: "198.51.100.1", port: 0 }), { code: "EADDRNOTAVAIL" });
  });

  test("a listen that fails", () => {
    vi.spyOn(kernel, "listen").mockReturnValueOnce(-98);
    expectRefused(() => create_server(here), { code: "EADDRINUSE", syscall: "listen" });
  });

  test("a name, and an address of another family", () => {
    expectRefused(() => create_server({ host: "name.example", port: 0 }), { code: "ERR_SOCKWRIGHT_NAME" });
    expectRefused(() => create_server({ host: "::1", port: 0 }), { code: "ERR_INVALID_ARG_VALUE" });
    expectRefused(() => create_server({ host: "127.0.0.1", port: 0 }, { family: AF_INET6 }), {
      code: "ERR_INVALID_ARG_VALUE",
    });
    expectRefused(() => create_server({ path: "x" }), { code: "ERR_INVALID_ARG_TYPE" });
  });

  test("a dual stack on IPv4", () => {
    const message = expect.stringContaining("dualstack_ipv6");
    expectRefused(() => create_server(here, { dualstack_ipv6: true }), { code: "ERR_INVALID_ARG_VALUE", message });
  });

  test("a dual stack on a machine without IPv6: socket(2) fails with EAFNOSUPPORT", () => {
    vi.spyOn(kernel, "socket").mockReturnValue(-97);
    expect(has_dualstack_ipv6()).toBe(false);
    const message = expect.stringContaining("dualstack_ipv6");
    const options = { family: AF_INET6, dualstack_ipv6: true };
    expectRefused(() => create_server({ host: "", port: 0 }, options), { code: "ERR_INVALID_ARG_VALUE", message });
  });

  test("a dual stack if IPV6_V6ONLY cannot be cleared", () => {
    vi.spyOn(kernel, "setsockopt").mockReturnValueOnce(-92);
    const before = kernel.openDescriptors();
    expect(has_dualstack_ipv6()).toBe(false);
    expect(kernel.openDescriptors()).toBe(before);
    expect(has_dualstack_ipv6()).toBe(true);
  });
});
