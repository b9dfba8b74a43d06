import { constants } from "node:os";
import { describe, expect, test } from "vitest";
import { AF_UNIX, MSG_WAITALL, socket } from "../../../src/index.ts";
import { closeAtTheEnd, listenOnLoopback, openStream, unixPair } from "../../support/sockets.ts";
import { stuck, waits } from "./waits.ts";

const { errno } = constants;

describe("setblocking(false) is settimeout(0)", () => {
  test.for([
    [null, true],
    [0, false],
    [1, true],
    [2_147_483_647, true],
  ] as const)("settimeout(%s) is getblocking() %s", ([timeoutMs, blocking]) => {
    const socket = openStream();
    expect([socket.gettimeout(), socket.getblocking()]).toEqual([null, true]);
    socket.settimeout(timeoutMs);
    expect([socket.gettimeout(), socket.getblocking()]).toEqual([timeoutMs, blocking]);
  });

  test("setblocking(false) equals settimeout(0), and setblocking(true) equals settimeout(null)", () => {
    const socket = openStream();
    socket.setblocking(false);
    expect(socket.gettimeout()).toBe(0);
    socket.setblocking(true);
    expect(socket.gettimeout()).toBeNull();
  });

  // Like Python's, our sendfile() refuses such a socket at once.
  test.for(waits.filter(({ call }) => call !== "sendfile"))(
    "a $call that would wait rejects with EAGAIN",
    async ({ syscall, wait }) => {
      const socket = stuck();
      socket.setblocking(false);
      await expect(wait(socket)).rejects.toMatchObject({ code: "EAGAIN", errno: -errno.EAGAIN, syscall });
    },
  );

  test("an accept that would wait rejects with EAGAIN", async () => {
    const listener = listenOnLoopback();
    listener.setblocking(false);
    await expect(listener.accept()).rejects.toMatchObject({ code: "EAGAIN", syscall: "accept" });
  });

  test("a call that need not wait returns its result", async () => {
    const [left, right] = unixPair();
    left.setblocking(false);
    right.setblocking(false);
    await left.writable();
    expect(await left.send("hello")).toBe(5);
    await right.readable();
    expect(String(await right.recv(1024))).toBe("hello");
  });

  test("a loop that uses up the turn gets EAGAIN only from the kernel", async () => {
    const [left, right] = unixPair();
    right.setblocking(false);
    await left.sendall(Buffer.alloc(1_000));
    for (let count = 0; count < 1_000; count++) expect(await right.recv(1)).toHaveLength(1);
    await expect(right.recv(1)).rejects.toMatchObject({ code: "EAGAIN" });
  });

  test("a partial sendall rejects with bytesSent, and the direction is then unusable", async () => {
    const [left, right] = unixPair();
    left.setblocking(false);
    const failure: unknown = await left.sendall(Buffer.alloc(1024 * 1024)).catch((failure: unknown) => failure);
    const received = await right.recv(1024 * 1024);
    expect(received.length).toBeGreaterThan(0);
    expect(failure).toMatchObject({ code: "EAGAIN", syscall: "send", bytesSent: received.length });
    await expect(left.send("x")).rejects.toMatchObject({ code: "ERR_SOCKWRIGHT_PARTIAL_SEND" });
  });

  test("a partial receive with MSG_WAITALL keeps the data in error.received", async () => {
    const [left, right] = unixPair();
    right.setblocking(false);
    await left.sendall("hello");
    const failure: unknown = await right.recv(10, { flags: MSG_WAITALL }).catch((failure: unknown) => failure);
    expect(failure).toMatchObject({ code: "EAGAIN", syscall: "recv", received: Buffer.from("hello") });
  });
});

describe("a connect that would wait", () => {
  test("rejects with EINPROGRESS; then writable() and getpeername() report the result", async () => {
    const listener = listenOnLoopback();
    const address = listener.getsockname();
    const client = openStream();
    client.setblocking(false);
    await expect(client.connect(address)).rejects.toMatchObject({ code: "EINPROGRESS", syscall: "connect" });
    client.setblocking(true);
    await client.writable();
    expect(client.getpeername()).toEqual(address);
    const [peer] = await listener.accept();
    closeAtTheEnd(peer);
    await client.sendall("connected");
    expect(String(await peer.recv(1024))).toBe("connected");
  });

  test("returns EINPROGRESS from connect_ex, then 0, then EISCONN", async () => {
    const listener = listenOnLoopback();
    const client = openStream();
    client.setblocking(false);
    expect(await client.connect_ex(listener.getsockname())).toBe(errno.EINPROGRESS);
    client.setblocking(true);
    await client.writable();
    // connect(2) reports success once, to the first caller.
    expect(await client.connect_ex(listener.getsockname())).toBe(0);
    expect(await client.connect_ex(listener.getsockname())).toBe(errno.EISCONN);
  });

  test("to a refusing port: a later send reports the error", async () => {
    const client = openStream();
    client.setblocking(false);
    const listener = listenOnLoopback();
    const address = listener.getsockname();
    listener.close();
    expect([errno.EINPROGRESS, errno.ECONNREFUSED]).toContain(await client.connect_ex(address));
    client.setblocking(true);
    await client.writable();
    await expect(client.sendall("x")).rejects.toMatchObject({ code: expect.stringMatching(/^(ECONNREFUSED|EPIPE)$/) });
  });

  test("to a full Unix backlog rejects with EAGAIN: no connect is in progress", async () => {
    const [server] = closeAtTheEnd(socket(AF_UNIX));
    server.bind({ path: "" });
    server.listen(0);
    const [first, second] = [openStream(AF_UNIX), openStream(AF_UNIX)];
    await first.connect(server.getsockname());
    second.setblocking(false);
    await expect(second.connect(server.getsockname())).rejects.toMatchObject({ code: "EAGAIN", syscall: "connect" });
  });
});
