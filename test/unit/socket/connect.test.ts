import { constants } from "node:os";
import { describe, expect, test } from "vitest";
import { AF_INET, AF_INET6, AF_UNIX, SOCK_DGRAM, SOCK_STREAM, SocketError, socket } from "../../../src/index.ts";
import { nameHas } from "../../support/names.ts";
import { closeAtTheEnd, listenOnLoopback, openDatagrams, openStream } from "../../support/sockets.ts";

const { errno } = constants;

function listenOn(host: string, family: number) {
  const server = openStream(family);
  server.bind({ host, port: 0 });
  return server.listen();
}

/** An address whose port has no listener. */
function closedPort() {
  const listener = listenOnLoopback();
  const address = listener.getsockname();
  listener.close();
  return address;
}

describe("connect also accepts names, resolved in the family of the socket", () => {
  test.for([
    ["inet", AF_INET, "127.0.0.1"],
    ["inet6", AF_INET6, "::1"],
  ] as const)("localhost is the loopback address of %s, without a lookup", async ([, family, host]) => {
    const asked = nameHas();
    const listener = listenOn(host, family);
    const { port = 0 } = listener.getsockname();
    const client = openStream(family);
    await client.connect({ host: "localhost", port });
    expect(client.getpeername()).toMatchObject({ host, port });
    expect(asked).not.toHaveBeenCalled();
  });

  test.for([
    ["inet", AF_INET, "127.0.0.1"],
    ["inet6", AF_INET6, "::1"],
  ] as const)("any other name is looked up for %s, as a stream", async ([, family, host]) => {
    const asked = nameHas("127.0.0.1", "::1");
    const listener = listenOn(host, family);
    const { port = 0 } = listener.getsockname();
    const client = openStream(family);
    await client.connect({ host: "name.example", port });
    expect(client.getpeername()).toMatchObject({ host, port });
    const [name, service, ...hints] = asked.mock.calls[0] ?? [];
    expect([name, service, ...hints.slice(0, 2)]).toEqual(["name.example", String(port), family, SOCK_STREAM]);
  });

  test("a name that is not found rejects with Node's ENOTFOUND, and the socket stays usable", async () => {
    const client = openStream();
    await expect(client.connect({ host: "name.invalid", port: 1 })).rejects.toMatchObject({
      code: expect.stringMatching(/^(ENOTFOUND|EAI_AGAIN)$/),
      syscall: "getaddrinfo",
      hostname: "name.invalid",
    });
    const listener = listenOnLoopback();
    await client.connect(listener.getsockname());
  });

  test("the error of a connect to a name has the attempted address", async () => {
    nameHas("127.0.0.1");
    const { port = 0 } = closedPort();
    await expect(openStream().connect({ host: "name.example", port })).rejects.toMatchObject({
      code: "ECONNREFUSED",
      address: "127.0.0.1",
      port,
    });
  });

  test("sends wait in order until the lookup and the connect are done", async () => {
    nameHas("127.0.0.1");
    const listener = listenOnLoopback();
    const { port = 0 } = listener.getsockname();
    const client = openStream();
    const done = Promise.all([
      client.connect({ host: "name.example", port }),
      client.sendall("1"),
      client.sendall("2"),
    ]);
    const [peer] = await listener.accept();
    closeAtTheEnd(peer);
    await done;
    client.close();
    let received = "";
    for await (const chunk of peer) received += chunk;
    expect(received).toBe("12");
  });

  test("a non-blocking socket waits for the lookup as well, then returns EINPROGRESS", async () => {
    nameHas("127.0.0.1");
    const { port = 0 } = listenOnLoopback().getsockname();
    const client = openStream();
    client.setblocking(false);
    expect(await client.connect_ex({ host: "name.example", port })).toBe(errno.EINPROGRESS);
    client.setblocking(true);
    await client.writable();
    expect(client.getpeername()).toMatchObject({ host: "127.0.0.1", port });
  });

  test('bind takes numeric addresses, "" and localhost: any other name is ERR_SOCKWRIGHT_NAME', () => {
    const unresolved = expect.objectContaining({
      code: "ERR_SOCKWRIGHT_NAME",
      message: expect.stringContaining("getaddrinfo()"),
    });
    expect(() => openStream().bind({ host: "name.example", port: 0 })).toThrow(unresolved);
  });
});

describe("connect_ex returns the errno", () => {
  test("0 when the socket is connected", async () => {
    expect(await openStream().connect_ex(listenOnLoopback().getsockname())).toBe(0);
  });

  test.for([
    ["ECONNREFUSED", AF_INET, () => closedPort()],
    ["ENOENT", AF_UNIX, () => ({ path: "/nonexistent/socket" })],
    ["ECONNREFUSED", AF_UNIX, () => ({ abstract: "nobody listens here" })],
    ["ENETUNREACH", AF_INET6, () => ({ host: "ff00::1%lo", port: 1 })],
  ] as const)("%s as a positive number, for which connect throws", async ([name, family, address]) => {
    const to = address();
    expect(await openStream(family).connect_ex(to)).toBe(errno[name]);
    const error: unknown = await openStream(family)
      .connect(to)
      .catch((error: unknown) => error);
    expect(error).toBeInstanceOf(SocketError);
    expect(error).toMatchObject({ code: name, errno: -errno[name], syscall: "connect" });
  });

  test("an error without an errno is thrown", async () => {
    const client = openStream();
    client.close();
    await expect(client.connect_ex({ host: "127.0.0.1", port: 1 })).rejects.toMatchObject({
      code: "ERR_SOCKWRIGHT_CLOSED",
    });
    const wrong = openStream().connect_ex({ host: "127.0.0.1", port: 65_536 });
    await expect(wrong).rejects.toMatchObject({ code: "ERR_SOCKET_BAD_PORT" });
  });
});

describe("connect of a datagram socket", () => {
  test("sets the peer: send needs no address, and datagrams from others are dropped", async () => {
    const [ours, peer, stranger] = [openDatagrams(), openDatagrams(), openDatagrams()];
    await ours.connect(peer.getsockname());
    expect(ours.getpeername()).toEqual(peer.getsockname());
    await stranger.sendto("from a stranger", ours.getsockname());
    await peer.sendto("from the peer", ours.getsockname());
    expect(String(await ours.recv(64))).toBe("from the peer");
    await ours.send("answer");
    expect(String((await peer.recvfrom(64))[0])).toBe("answer");
  });

  test("replaces the peer when it is called again", async () => {
    const [ours, first, second] = [openDatagrams(), openDatagrams(), openDatagrams()];
    await ours.connect(first.getsockname());
    await ours.connect(second.getsockname());
    expect(ours.getpeername()).toEqual(second.getsockname());
  });

  test("makes the next call reject once with ECONNREFUSED after a refusal", async () => {
    const [ours, ghost] = [openDatagrams(), openDatagrams()];
    const address = ghost.getsockname();
    ghost.close();
    await ours.connect(address);
    await ours.send("to nobody");
    await expect(ours.recv(64)).rejects.toMatchObject({ code: "ECONNREFUSED", syscall: "recv" });
    ours.setblocking(false);
    await expect(ours.recv(64)).rejects.toMatchObject({ code: "EAGAIN" });
  });

  test("is required for send: EDESTADDRREQ without it", async () => {
    const [bare] = closeAtTheEnd(socket(AF_INET, SOCK_DGRAM));
    await expect(bare.send("x")).rejects.toMatchObject({ code: "EDESTADDRREQ", syscall: "send" });
  });
});
