import { closeSync, readSync } from "node:fs";
import { afterEach, describe, expect, onTestFinished, test, vi } from "vitest";
import { AF_UNIX, MSG_PEEK, SOCK_DGRAM, SOCK_SEQPACKET } from "../../../src/index.ts";
import { kernel } from "../../../src/native/load.ts";
import {
  closeAtTheEnd,
  listenOnLoopback,
  openDatagrams,
  openStream,
  recordPair,
  tcpPair,
  unixPair,
} from "../../support/sockets.ts";

afterEach(() => {
  vi.restoreAllMocks();
});

/** Reads the data that is still in the kernel, as a program that takes over the descriptor does. */
function readFrom(descriptor: number): string {
  const room = Buffer.alloc(1024 * 1024);
  return String(room.subarray(0, readSync(descriptor, room)));
}

function closeDescriptorAtTheEnd(descriptor: number): number {
  onTestFinished(() => closeSync(descriptor));
  return descriptor;
}

describe("recv*, accept and plain iteration never read ahead, so detach, dup and MSG_PEEK work as in C", () => {
  test.for([
    ["recv", (socket) => socket.recv(5)],
    ["recv_into", (socket) => socket.recv_into(Buffer.alloc(5))],
    ["recvfrom", (socket) => socket.recvfrom(5)],
    ["recvfrom_into", (socket) => socket.recvfrom_into(Buffer.alloc(5))],
    ["recvmsg", (socket) => socket.recvmsg(5)],
    ["recvmsg_into", (socket) => socket.recvmsg_into([Buffer.alloc(2), Buffer.alloc(3)])],
    ["tryRecv", (socket) => socket.tryRecv(Buffer.alloc(5))],
  ] satisfies [string, (socket: ReturnType<typeof openStream>) => unknown][])(
    "%s takes what it was asked for, and detach gives the rest away",
    async ([, receive]) => {
      const [left, right] = unixPair();
      await left.sendall("hello world");
      await receive(right);
      expect(readFrom(closeDescriptorAtTheEnd(right.detach()))).toBe(" world");
    },
  );

  test("a receive that had to wait does not read ahead", async () => {
    const [left, right] = await tcpPair();
    const received = right.recv(5);
    await left.sendall("hello world");
    expect(String(await received)).toBe("hello");
    expect(readFrom(closeDescriptorAtTheEnd(right.detach({ blocking: true })))).toBe(" world");
  });

  test("iteration over a stream takes only the chunks that it yields", async () => {
    const [left, right] = unixPair();
    const data = Buffer.alloc(100_000, "d");
    await left.sendall(data);
    for await (const chunk of right) {
      expect(chunk).toHaveLength(64 * 1024);
      break;
    }
    expect(readFrom(closeDescriptorAtTheEnd(right.detach()))).toHaveLength(data.length - 64 * 1024);
  });

  test.for([
    ["datagrams", SOCK_DGRAM],
    ["seqpackets", SOCK_SEQPACKET],
  ] as const)("iteration over %s takes only the records that it yields", async ([, type]) => {
    const [left, right] = recordPair(type);
    for (const record of ["one", "two", "three"]) await left.send(record);
    for await (const _ of right) break;
    expect(String(await right.recv(1024))).toBe("two");
    expect(readFrom(closeDescriptorAtTheEnd(right.detach()))).toBe("three");
  });

  test("accept and iteration over a listener take one connection each, and a dup gets the others", async () => {
    const listener = listenOnLoopback();
    const clients = [openStream(), openStream(), openStream()];
    for (const client of clients) await client.connect(listener.getsockname());
    const ports = clients.map((client) => client.getsockname().port);

    const [first, firstAddress] = await listener.accept();
    closeAtTheEnd(first);
    expect(firstAddress.port).toBe(ports[0]);
    for await (const [second, secondAddress] of listener) {
      closeAtTheEnd(second);
      expect(secondAddress.port).toBe(ports[1]);
      break;
    }
    const [duplicate] = closeAtTheEnd(listener.dup());
    listener.close();
    const [third, thirdAddress] = await duplicate.accept();
    closeAtTheEnd(third);
    expect(thirdAddress.port).toBe(ports[2]);
  });

  test("dup reads from the same stream", async () => {
    const [left, right] = unixPair();
    const [duplicate] = closeAtTheEnd(right.dup());
    await left.sendall("one two");
    expect(String(await right.recv(3))).toBe("one");
    expect(String(await duplicate.recv(1024))).toBe(" two");
  });

  test("MSG_PEEK leaves the data in place, for every receive", async () => {
    const [left, right] = unixPair();
    await left.sendall("hello");
    const flags = MSG_PEEK;
    const room = Buffer.alloc(5);
    expect(String(await right.recv(1024, { flags }))).toBe("hello");
    expect(await right.recv_into(room, { flags })).toBe(5);
    expect(String((await right.recvmsg(1024, { flags })).data)).toBe("hello");
    expect(right.tryRecv(room, flags)).toBe(5);
    expect(String(await right.recv(1024))).toBe("hello");

    const datagrams = openDatagrams(AF_UNIX);
    await datagrams.sendto("datagram", datagrams.getsockname());
    const [peeked, sender] = await datagrams.recvfrom(1024, { flags });
    expect([String(peeked), sender]).toEqual(["datagram", datagrams.getsockname()]);
    expect(String((await datagrams.recvfrom(1024))[0])).toBe("datagram");
  });

  test("a receive makes one system call, for no more bytes than requested", async () => {
    const [left, right] = unixPair();
    await left.sendall("hello world");
    const recv = vi.spyOn(kernel, "recv");
    await right.recv(5);
    expect(recv.mock.calls.map((call) => call[4])).toEqual([5]);
  });
});
