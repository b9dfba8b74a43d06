// recv(2), send(2): with MSG_DONTWAIT a call that would wait fails with EAGAIN, whatever the timeout and the queue.
import { constants } from "node:os";
import { describe, expect, test } from "vitest";
import {
  AF_UNIX,
  MSG_DONTWAIT,
  MSG_ERRQUEUE,
  MSG_OOB,
  MSG_PEEK,
  MSG_WAITALL,
  SOCK_DGRAM,
  SOCK_SEQPACKET,
  type Socket,
  socket,
} from "../../../src/index.ts";
import { fakeKernel } from "../../../src/testing/fake-kernel.ts";
import { fill } from "../../support/full.ts";
import { closeAtTheEnd, openDatagrams, openStream, recordPair, tcpPair, unixPair } from "../../support/sockets.ts";

type Try = (on: Socket<unknown>, flags: number) => Promise<unknown>;

const receives: readonly [name: string, receive: Try][] = [
  ["recv", (on, flags) => on.recv(16, { flags })],
  ["recv_into", (on, flags) => on.recv_into(Buffer.alloc(16), { flags })],
  ["recvfrom", (on, flags) => on.recvfrom(16, { flags })],
  ["recvfrom_into", (on, flags) => on.recvfrom_into(Buffer.alloc(16), { flags })],
  ["recvmsg", (on, flags) => on.recvmsg(16, { flags })],
  ["recvmsg_into", (on, flags) => on.recvmsg_into([Buffer.alloc(16)], { flags })],
];
const sends: readonly [name: string, send: Try][] = [
  ["send", (on, flags) => on.send("x", { flags })],
  ["sendall", (on, flags) => on.sendall("x", { flags })],
  ["sendmsg", (on, flags) => on.sendmsg(["x"], { flags })],
];

function wouldBlock(name: string): object {
  const { EAGAIN } = constants.errno;
  return expect.objectContaining({ code: "EAGAIN", errno: -EAGAIN, syscall: name.replace(/_into|all/, "") });
}

const empty: readonly [name: string, open: () => Promise<Socket<unknown>> | Socket<unknown>][] = [
  ["TCP", async () => (await tcpPair())[0]],
  ["a Unix stream", () => unixPair()[0]],
  ["UDP", () => openDatagrams()],
  ["Unix datagrams", () => openDatagrams(AF_UNIX)],
  ["seqpacket", () => recordPair(SOCK_SEQPACKET)[0]],
];

describe.each(receives)("%s", (name, receive) => {
  test.for(empty)("on %s without data", async ([, open]) => {
    const socket = await open();
    await expect(receive(socket, MSG_DONTWAIT)).rejects.toEqual(wouldBlock(name));
    await expect(receive(socket, MSG_DONTWAIT | MSG_PEEK)).rejects.toEqual(wouldBlock(name));
  });

  test("on a socket with a timeout", async () => {
    const [left] = unixPair();
    left.settimeout(60_000);
    await expect(receive(left, MSG_DONTWAIT)).rejects.toEqual(wouldBlock(name));
  });

  test("behind a receive that waits, which then gets the data", async () => {
    const [left, right] = unixPair();
    const waiting = right.recv(16);
    await expect(receive(right, MSG_DONTWAIT)).rejects.toEqual(wouldBlock(name));
    await left.sendall("data");
    expect(String(await waiting)).toBe("data");
  });

  test("on an empty error queue", async () => {
    await expect(receive(openDatagrams(), MSG_DONTWAIT | MSG_ERRQUEUE)).rejects.toEqual(wouldBlock(name));
  });

  test("receives available data, also right after a short read", async () => {
    const [left, right] = unixPair();
    await left.sendall("one");
    await right.recv(16);
    await left.sendall("two");
    await receive(right, MSG_DONTWAIT);
    await expect(receive(right, MSG_DONTWAIT)).rejects.toEqual(wouldBlock(name));
  });

  test("during a connect, which still reports its own error", async () => {
    const listener = openStream();
    listener.bind({ host: "127.0.0.1", port: 0 });
    const address = listener.getsockname();
    listener.close();
    const client = openStream();
    const connecting = client.connect(address).catch((error: unknown) => error);
    await expect(receive(client, MSG_DONTWAIT)).rejects.toEqual(wouldBlock(name));
    expect(await connecting).toMatchObject({ code: "ECONNREFUSED", syscall: "connect" });
  });

  test("with the fake kernel", async () => {
    using _ = fakeKernel();
    const [left, right] = unixPair();
    await expect(receive(right, MSG_DONTWAIT)).rejects.toEqual(wouldBlock(name));
    left.close();
    right.close();
  });
});

test("MSG_DONTWAIT with MSG_WAITALL returns the available data, as in C", async () => {
  const [left, right] = unixPair();
  const flags = MSG_DONTWAIT | MSG_WAITALL;
  await expect(right.recv(16, { flags })).rejects.toEqual(wouldBlock("recv"));
  await left.sendall("part");
  expect(String(await right.recv(16, { flags }))).toBe("part");
  await left.sendall("part");
  expect(await right.recv_into(Buffer.alloc(16), { flags })).toBe(4);
});

test("MSG_DONTWAIT without urgent data fails with the kernel's EINVAL, and does not wait", async () => {
  const [left] = await tcpPair();
  await expect(left.recv(1, { flags: MSG_OOB | MSG_DONTWAIT })).rejects.toMatchObject({ code: "EINVAL" });
});

describe.each(sends)("%s", (name, send) => {
  test.for([
    ["TCP", async () => (await tcpPair())[0]],
    ["a Unix stream", async () => unixPair()[0]],
    ["seqpacket", async () => recordPair(SOCK_SEQPACKET)[0]],
    ["connected Unix datagrams", async () => recordPair(SOCK_DGRAM)[0]],
  ] as const)("on %s with a full write buffer", async ([, open]) => {
    const socket: Socket<unknown> = await open();
    fill(socket as Socket);
    await expect(send(socket, MSG_DONTWAIT)).rejects.toEqual(wouldBlock(name));
  });

  test("behind a send that waits", async () => {
    const [left, right] = unixPair();
    const bytes = fill(left);
    const waiting = left.sendall("waits");
    await expect(send(left, MSG_DONTWAIT)).rejects.toEqual(wouldBlock(name));
    await right.recv(bytes + 5, { flags: MSG_WAITALL });
    await waiting;
  });

  test("behind sends of the same turn that do not wait: it leaves after them", async () => {
    const [left, right] = unixPair();
    const sent = Promise.all([left.sendall("1"), left.sendall("2"), send(left, MSG_DONTWAIT)]);
    expect(String(await right.recv(3, { flags: MSG_WAITALL }))).toBe("12x");
    await sent;
  });
});

test("sendto and sendmsg to a full Unix receiver", async () => {
  const receiver = openDatagrams(AF_UNIX);
  const [sender] = closeAtTheEnd(socket(AF_UNIX, SOCK_DGRAM));
  const to = receiver.getsockname();
  const flags = MSG_DONTWAIT;
  const untilFull = async (): Promise<never> => {
    for (;;) await sender.sendto("x", to, { flags });
  };
  await expect(untilFull()).rejects.toEqual(wouldBlock("sendto"));
  await expect(sender.sendmsg(["x"], { address: to, flags })).rejects.toEqual(wouldBlock("sendmsg"));
});

test("a partial sendall reports how many bytes it sent, and the direction is then unusable", async () => {
  const [left] = unixPair();
  const failure: unknown = await left.sendall(Buffer.alloc(4 << 20), { flags: MSG_DONTWAIT }).catch((error) => error);
  expect(failure).toMatchObject({ code: "EAGAIN", bytesSent: expect.any(Number) });
  await expect(left.send("x")).rejects.toMatchObject({ code: "ERR_SOCKWRIGHT_PARTIAL_SEND" });
});
