import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { AF_INET, AF_INET6, AF_UNIX, SO_REUSEADDR, SOCK_DGRAM, SOL_SOCKET, socket } from "../../../src/index.ts";
import { temporaryFolder } from "../../support/folders.ts";
import { errorOf, nodeConnectError, nodeDatagramSocket, nodeListenError } from "./node-peer.ts";
import { expectNodesShape, thrown } from "./node-shape.ts";

// RFC 5737 and RFC 3849: addresses for documentation, which no machine has.
const inet = [
  { name: "IPv4", family: AF_INET, host: "127.0.0.1", datagrams: "udp4", nobodys: "192.0.2.1" },
  { name: "IPv6", family: AF_INET6, host: "::1", datagrams: "udp6", nobodys: "2001:db8::1" },
] as const;

describe.each(inet)("errors have Node's own shape: $name", ({ family, host, datagrams, nobodys }) => {
  test("TCP address in use", async () => {
    await using holder = socket(family);
    holder.bind({ host, port: 0 });
    holder.listen();
    const port = holder.getsockname().port ?? 0;
    await using ours = socket(family);
    const error = thrown(() => ours.bind({ host, port }));
    expect(error).toMatchObject({ code: "EADDRINUSE", syscall: "bind", address: host, port });
    expectNodesShape(error, await nodeListenError({ host, port }), "bind");
  });

  // socket(7), SO_REUSEADDR: several sockets can bind one address, but only the first can listen on it.
  test("TCP address in use, reported by listen", async () => {
    await using first = socket(family);
    await using second = socket(family);
    for (const each of [first, second]) each.setsockopt(SOL_SOCKET, SO_REUSEADDR, 1);
    first.bind({ host, port: 0 });
    const port = first.getsockname().port ?? 0;
    second.bind({ host, port });
    first.listen();
    const error = thrown(() => second.listen());
    expect(error).toMatchObject({ code: "EADDRINUSE", syscall: "listen", address: host, port });
    expectNodesShape(error, await nodeListenError({ host, port }), "listen");
  });

  test("UDP address in use", async () => {
    await using holder = socket(family, SOCK_DGRAM);
    holder.bind({ host, port: 0 });
    const port = holder.getsockname().port ?? 0;
    await using ours = socket(family, SOCK_DGRAM);
    const error = thrown(() => ours.bind({ host, port }));
    expect(error).toMatchObject({ code: "EADDRINUSE", address: host, port });

    const theirs = nodeDatagramSocket(datagrams);
    theirs.bind(port, host);
    expectNodesShape(error, await errorOf(theirs), "bind");
  });

  test.each([4321, 0])("TCP address not available, port %i", async (port) => {
    await using ours = socket(family);
    const error = thrown(() => ours.bind({ host: nobodys, port }));
    expect(error).toMatchObject({ code: "EADDRNOTAVAIL" });
    expectNodesShape(error, await nodeListenError({ host: nobodys, port }), "bind");
  });

  test.each([4321, 0])("UDP address not available, port %i", async (port) => {
    await using ours = socket(family, SOCK_DGRAM);
    const error = thrown(() => ours.bind({ host: nobodys, port }));
    expect(error).toMatchObject({ code: "EADDRNOTAVAIL" });

    const theirs = nodeDatagramSocket(datagrams);
    theirs.bind(port, nobodys);
    expectNodesShape(error, await errorOf(theirs), "bind");
  });
});

test("errors have Node's own shape: Unix path in use", async () => {
  const path = join(temporaryFolder(), "socket");
  await using holder = socket(AF_UNIX);
  holder.bind({ path });
  await using ours = socket(AF_UNIX);
  const error = thrown(() => ours.bind({ path }));
  expect(error).toMatchObject({ code: "EADDRINUSE", address: path });
  expectNodesShape(error, await nodeListenError({ path }), "bind");
});

// ip(7): a connection has a local and a remote address; node:net binds the local one before it connects.
test("errors have Node's own shape: a client's local address in use", async () => {
  const holder = socket();
  onTestFinished(() => holder.close());
  holder.bind({ host: "127.0.0.1", port: 0 });
  const port = holder.listen().getsockname().port ?? 0;
  const nodes = await nodeConnectError({ host: "127.0.0.1", port, localAddress: "127.0.0.1", localPort: port });

  await using ours = socket();
  const error = thrown(() => ours.bind({ host: "127.0.0.1", port }));
  const { code, errno, address } = nodes as NodeJS.ErrnoException & { address: string };
  expect(error).toMatchObject({ code, errno, address, port });
});

test("a failed bind leaves the socket unchanged", async () => {
  await using ours = socket();
  expect(() => ours.bind({ host: "192.0.2.1", port: 0 })).toThrow("EADDRNOTAVAIL");
  ours.bind({ host: "127.0.0.1", port: 0 });
  expect(ours.getsockname()).toMatchObject({ host: "127.0.0.1" });
});
