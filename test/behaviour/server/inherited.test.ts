// Listeners that the parent process has opened.
import { closeSync, existsSync, fstatSync, openSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, onTestFinished, test, vi } from "vitest";
import {
  type AddressInput,
  AF_INET,
  AF_INET6,
  AF_NETLINK,
  AF_UNIX,
  SOCK_DGRAM,
  SOCK_RAW,
  SOCK_SEQPACKET,
  SOCK_STREAM,
  socket,
  socketpair,
} from "../../../src/index.ts";
import { inheritedDescriptor } from "../../../src/server/opening/inherited-socket.ts";
import {
  connect,
  type InheritedUrl,
  parseSocketUrl,
  type Service,
  SocketUrlError,
  serve,
} from "../../../src/server.ts";
import { freeFolder } from "../../cli/sockwright.ts";
import { startChild } from "../../support/child.ts";
import { requireTool } from "../../support/tools.ts";
import { vsockListener } from "../socket/vsock.ts";

/** A listener's descriptor, which stays open until another owner takes it over, and its port. */
function passedOn(address: { host: string; port: number } | { path: string }): {
  fd: number;
  port: number | undefined;
} {
  const listener = socket("path" in address ? AF_UNIX : undefined);
  listener.bind(address);
  listener.listen();
  const { port } = listener.getsockname();
  return { fd: listener.detach(), port };
}

describe.each(["native", "node"])("fd: on the %s transport", (transport) => {
  beforeEach(() => {
    vi.stubEnv("SOCKWRIGHT_TRANSPORT", transport);
  });
  afterEach(() => {
    vi.unstubAllEnvs();
  });

  test("serves a TCP listener", async () => {
    const { fd, port } = passedOn({ host: "127.0.0.1", port: 0 });
    const peers: unknown[] = [];
    const server = await serve(`fd:${fd}`, async (connection) => {
      peers.push(connection.peer);
      connection.write(await connection.readExactly(5));
    });
    onTestFinished(async () => void (await server.close()));
    expect(server.urls).toEqual([`tcp://127.0.0.1:${port}`]);
    const client = await connect(server.urls[0] ?? "");
    client.write("hello");
    expect(String(await client.readExactly(5))).toBe("hello");
    expect(peers).toEqual([{ host: "127.0.0.1", port: expect.any(Number) }]);
    await client.close();
  });

  test("serves a Unix listener", async () => {
    const path = join(freeFolder(), "socket");
    const url = `fd:${passedOn({ path }).fd}`;
    const server = await serve(url, async (connection) => void connection.write("hello"));
    onTestFinished(async () => void (await server.close()));
    // Node does not know the path of a socket that it has not bound.
    expect(server.urls).toEqual([transport === "native" ? `unix:${path}` : url]);
    const client = await connect(`unix:${path}`);
    expect(String(await client.readExactly(5))).toBe("hello");
    await client.close();
    await server.close();
    // The file belongs to the process that made it.
    expect(existsSync(path)).toBe(true);
  });

  test("a descriptor that is not open or not a socket is refused", async () => {
    const file = openSync("/dev/null", "r");
    onTestFinished(() => closeSync(file));
    for (const url of [`fd:${file}`, "fd:999999"]) {
      await expect(serve(url, async () => undefined)).rejects.toThrow(
        `"${url}" is descriptor ${url.slice(3)}, which is no open socket: start the program with a socket there`,
      );
    }
  });

  test("a connected socket is refused, and with the addon it stays open for its owner", async () => {
    const [left, right] = socketpair();
    const fd = left.detach();
    onTestFinished(() => {
      right.close();
      // Node takes ownership of the descriptor, and closes it before it notices the mistake.
      if (transport === "native") closeSync(fd);
    });
    await expect(serve(`fd:${fd}`, async () => undefined)).rejects.toThrow(
      transport === "native"
        ? `"fd:${fd}" is no socket that can be served: pass on a listener, or a socket that is bound for datagrams`
        : `"fd:${fd}" is no socket that can listen for streams: pass on a TCP or a Unix stream listener`,
    );
    if (transport === "native") expect(fstatSync(fd).isSocket()).toBe(true);
  });

  test.each(["fd:3", "systemd:web"])("connect(%j) is a mistake", async (url) => {
    await expect(connect(url)).rejects.toThrow(`"${url}" is a listener: to connect, write its address`);
  });
});

describe("fd: with the addon", () => {
  /** The descriptor of a bound socket. */
  function bound(family: number, type: number, address: AddressInput): number {
    const made = socket(family, type);
    made.bind(address);
    if (type !== SOCK_DGRAM) made.listen();
    return made.detach();
  }

  const shout: Service = {
    name: "shout",
    stream: async (connection) => void connection.write(String(await connection.read()).toUpperCase()),
    datagram: ({ data, reply }) => void reply(String(data).toUpperCase()),
  };

  test.each([
    ["udp", AF_INET, SOCK_DGRAM, { host: "127.0.0.1", port: 0 }, /^udp:\/\/127\.0\.0\.1:[1-9]\d*$/],
    ["udp, IPv6", AF_INET6, SOCK_DGRAM, { host: "::1", port: 0 }, /^udp:\/\/\[::1\]:[1-9]\d*$/],
    ["unix-dgram", AF_UNIX, SOCK_DGRAM, { path: "" }, /^unix-dgram:@[0-9a-f]{5}$/],
    ["unix-seqpacket", AF_UNIX, SOCK_SEQPACKET, { path: "" }, /^unix-seqpacket:@[0-9a-f]{5}$/],
    ["tcp, IPv6", AF_INET6, SOCK_STREAM, { host: "::1", port: 0 }, /^tcp:\/\/\[::1\]:[1-9]\d*$/],
  ])("the kernel tells the kind of the socket: %s", async (_kind, family, type, address, url) => {
    const server = await serve(`fd:${bound(family, type, address)}`, shout);
    onTestFinished(async () => void (await server.close()));
    expect(server.urls).toEqual([expect.stringMatching(url)]);
    const client = await connect(server.urls[0] ?? "");
    client.write("hello");
    expect(String(await client.read())).toBe("HELLO");
    client.abort();
  });

  test("serves a socket of vsock", async (context) => {
    const listener = vsockListener() ?? context.skip("this kernel has no AF_VSOCK");
    const { port } = listener.getsockname();
    const server = await serve(`fd:${listener.detach()}`, async () => undefined);
    expect(server.urls).toEqual([`vsock://*:${port}`]);
    await server.close();
  });

  test("a socket of a kind that no server serves stays open for its owner", async () => {
    const netlink = socket(AF_NETLINK, SOCK_RAW);
    const fd = netlink.detach();
    onTestFinished(() => closeSync(fd));
    await expect(serve(`fd:${fd}`, shout)).rejects.toThrow("is no socket that can be served: pass on a listener");
    expect(fstatSync(fd).isSocket()).toBe(true);
  });

  test("a datagram socket is refused by a service that serves only connections", async () => {
    const fd = bound(AF_INET, SOCK_DGRAM, { host: "127.0.0.1", port: 0 });
    onTestFinished(() => closeSync(fd));
    await expect(serve(`fd:${fd}`, async () => undefined)).rejects.toThrow(`serves no datagrams: fd:${fd}`);
  });

  test("a descriptor that is named twice is refused", async () => {
    const fd = bound(AF_INET, SOCK_STREAM, { host: "127.0.0.1", port: 0 });
    await expect(serve([`fd:${fd}`, `fd:${fd}`], shout)).rejects.toThrow(
      `"fd:${fd}" is descriptor ${fd}, which is in use here already: name it once`,
    );
  });
});

test("without the addon, a datagram socket is refused", async () => {
  vi.stubEnv("SOCKWRIGHT_TRANSPORT", "node");
  onTestFinished(() => void vi.unstubAllEnvs());
  const datagrams = socket(AF_INET, SOCK_DGRAM);
  onTestFinished(() => datagrams.close());
  datagrams.bind({ host: "127.0.0.1", port: 0 });
  const url = `fd:${datagrams.fileno()}`;
  await expect(serve(url, async () => undefined)).rejects.toThrow(
    `"${url}" is no socket that can listen for streams: pass on a TCP or a Unix stream listener`,
  );
});

describe("systemd: finds a socket by its name; sd_listen_fds(3)", () => {
  const url = (text: string): InheritedUrl => {
    const parsed = parseSocketUrl(text);
    if (parsed.scheme !== "systemd") throw new Error(text);
    return parsed;
  };
  const env = { LISTEN_PID: "7", LISTEN_FDS: "3", LISTEN_FDNAMES: "web:admin:web" };

  test.each([
    ["systemd:web", {}, "finds no sockets of systemd (LISTEN_FDS, LISTEN_PID): start the program by a .socket unit"],
    ["systemd:web", { ...env, LISTEN_FDS: "x" }, "finds no sockets of systemd"],
    [
      "systemd:web",
      { ...env, LISTEN_PID: "8" },
      "finds sockets for process 8 and not for this one, 7: start it with exec",
    ],
    [
      "systemd:",
      env,
      "is ambiguous, 3 sockets are there: give each a FileDescriptorName= of its own; there are web, admin, web",
    ],
    ["systemd:web", env, "is ambiguous, 2 have that name"],
    ["systemd:amdin", env, "is not among the sockets: did you mean admin?"],
    ["systemd:chat", env, "is not among the sockets: there are web, admin, web"],
    ["systemd:chat", { LISTEN_PID: "7", LISTEN_FDS: "1" }, "is not among the sockets: there are unknown"],
  ])("%s with the environment %j is refused", (text, from, reason) => {
    const find = (): number => inheritedDescriptor(url(text), { pid: 7, env: from });
    expect(find).toThrow(SocketUrlError);
    expect(find).toThrow(reason);
  });

  // As systemd does it: the socket is descriptor 3, and LISTEN_PID names the program's process.
  test.for(["systemd:web", "systemd:", "fd:3"])("greet --listen %s", async (listener, context) => {
    const program = fileURLToPath(new URL("../../../dist/cli/sockwright.js", import.meta.url));
    const script = `
import os, socket, sys
listener = socket.create_server(("127.0.0.1", 0))
print("port", listener.getsockname()[1], flush=True)
os.dup2(listener.fileno(), 3)
os.set_inheritable(3, True)
os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS="1", LISTEN_FDNAMES="web")
os.execv(sys.argv[1], sys.argv[1:])
`;
    const args = ["-c", script, process.execPath, program, "greet", "--listen", listener];
    const child = await startChild(requireTool(context, "python3"), args);
    const [, port] = await child.line(/^port (\d+)$/);
    await child.line(new RegExp(`^listening on tcp://127\\.0\\.0\\.1:${port}$`));
    const client = await connect(`tcp://127.0.0.1:${port}`);
    expect(String(await client.readExactly(8))).toBe("Welcome!");
    await client.close();
    child.kill("SIGTERM");
    expect(await child.exit()).toEqual({ code: 0, signal: null });
  });

  test("greet --listen systemd:log serves datagrams", async (context) => {
    const program = fileURLToPath(new URL("../../../dist/cli/sockwright.js", import.meta.url));
    const script = `
import os, socket, sys
bound = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
bound.bind(("127.0.0.1", 0))
os.dup2(bound.fileno(), 3)
os.set_inheritable(3, True)
os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS="1", LISTEN_FDNAMES="log")
os.execv(sys.argv[1], sys.argv[1:])
`;
    const args = ["-c", script, process.execPath, program, "greet", "--listen", "systemd:log"];
    const child = await startChild(requireTool(context, "python3"), args);
    const [, url = ""] = await child.line(/^listening on (udp:\/\/127\.0\.0\.1:\d+)$/);
    const client = await connect(url);
    client.write("hello");
    expect(String(await client.read())).toContain("hello");
    client.abort();
    child.kill("SIGTERM");
    expect(await child.exit()).toEqual({ code: 0, signal: null });
  });
});
