import { describe, expect, onTestFinished, test } from "vitest";
import {
  AF_INET,
  type Datagram,
  SO_BROADCAST,
  SOCK_DGRAM,
  SOL_SOCKET,
  type Socket,
  socket,
} from "../../../src/index.ts";
import { callbackError, errorOf, nodeDatagramSocket } from "./node-peer.ts";
import { expectNodesShape, rejection } from "./node-shape.ts";

/** udp(7): a datagram carries at most 65 507 bytes over IPv4. */
const TOO_LONG = Buffer.alloc(65_508);
/** Loopback's own broadcast address. Port 9 is discard, RFC 863. */
const BROADCAST = { host: "127.255.255.255", port: 9 };

function datagramSocket(): Socket<Datagram> {
  const datagrams = socket(AF_INET, SOCK_DGRAM);
  onTestFinished(() => datagrams.close());
  return datagrams;
}

/** The port of a bound socket that reads nothing. */
function takenPort(): number {
  const holder = datagramSocket();
  holder.bind({ host: "127.0.0.1", port: 0 });
  return holder.getsockname().port ?? 0;
}

function connectNode(port: number, host: string): Promise<ReturnType<typeof nodeDatagramSocket>> {
  const datagrams = nodeDatagramSocket("udp4");
  return new Promise((resolve) => datagrams.connect(port, host, () => resolve(datagrams)));
}

describe("errors have Node's own shape: no permission for a broadcast without SO_BROADCAST", () => {
  test("sendto", async () => {
    const { host, port } = BROADCAST;
    const ours = await rejection(datagramSocket().sendto("x", BROADCAST));
    expect(ours).toMatchObject({ code: "EACCES", address: host, port });
    const nodes = await callbackError((callback) => nodeDatagramSocket("udp4").send("x", port, host, callback));
    expectNodesShape(ours, nodes, "sendto");
  });

  test("sendmsg", async () => {
    const { host, port } = BROADCAST;
    const ours = await rejection(datagramSocket().sendmsg(["x"], { address: BROADCAST }));
    const nodes = await callbackError((callback) => nodeDatagramSocket("udp4").send("x", port, host, callback));
    expectNodesShape(ours, nodes, "sendmsg");
  });

  test("connect", async () => {
    const { host, port } = BROADCAST;
    const ours = await rejection(datagramSocket().connect(BROADCAST));
    const theirs = nodeDatagramSocket("udp4");
    theirs.connect(port, host);
    expectNodesShape(ours, await errorOf(theirs), "connect");
  });

  test("a broadcast with SO_BROADCAST succeeds", async () => {
    const datagrams = datagramSocket();
    datagrams.setsockopt(SOL_SOCKET, SO_BROADCAST, 1);
    expect(await datagrams.sendto("x", BROADCAST)).toBe(1);
  });
});

describe("errors have Node's own shape: message too long", () => {
  test("sendto", async () => {
    const port = takenPort();
    const ours = await rejection(datagramSocket().sendto(TOO_LONG, { host: "127.0.0.1", port }));
    expect(ours).toMatchObject({ code: "EMSGSIZE", address: "127.0.0.1", port });
    const nodes = await callbackError((callback) =>
      nodeDatagramSocket("udp4").send(TOO_LONG, port, "127.0.0.1", callback),
    );
    expectNodesShape(ours, nodes, "sendto");
  });

  test.each(["send", "sendall"] as const)("%s, connected", async (call) => {
    const port = takenPort();
    const datagrams = datagramSocket();
    await datagrams.connect({ host: "127.0.0.1", port });
    const ours = await rejection(datagrams[call](TOO_LONG));
    expect(ours).toMatchObject({ code: "EMSGSIZE" });
    const theirs = await connectNode(port, "127.0.0.1");
    const nodes = await callbackError((callback) => theirs.send(TOO_LONG, callback));
    if (call === "send") expectNodesShape(ours, nodes, "send");
    else expect(ours).toMatchObject({ code: "EMSGSIZE", errno: -90, syscall: "send", bytesSent: 0 });
  });
});

/** A connected socket whose peer is gone: the answer to the next datagram is "port unreachable", udp(7). */
async function connectedToNobody<T>(connect: (port: number) => Promise<T>): Promise<T> {
  const holder = socket(AF_INET, SOCK_DGRAM);
  holder.bind({ host: "127.0.0.1", port: 0 });
  const connected = await connect(holder.getsockname().port ?? 0);
  holder.close();
  return connected;
}

describe("errors have Node's own shape: a datagram refused", () => {
  test.each([
    ["recv", (datagrams: Socket<Datagram>) => datagrams.recv(16), "recv"],
    ["recvfrom", (datagrams: Socket<Datagram>) => datagrams.recvfrom(16), "recvfrom"],
    ["recvmsg", (datagrams: Socket<Datagram>) => datagrams.recvmsg(16), "recvmsg"],
  ] as const)("reported to %s", async (_name, receive, syscall) => {
    const theirs = await connectedToNobody((port) => connectNode(port, "127.0.0.1"));
    const nodes = errorOf(theirs);
    theirs.send("x");

    const datagrams = await connectedToNobody(async (port) => {
      const connected = datagramSocket();
      await connected.connect({ host: "127.0.0.1", port });
      return connected;
    });
    const ours = rejection(receive(datagrams));
    await datagrams.send("x");
    expect(await ours).toMatchObject({ code: "ECONNREFUSED" });
    expectNodesShape(await ours, await nodes, syscall);
  });
});

test("errors have Node's own shape: a datagram without an address on a socket that is not connected", async () => {
  // node:dgram itself refuses the call (ERR_SOCKET_DGRAM_NOT_CONNECTED); send(2) documents the kernel's error.
  expect(await rejection(datagramSocket().send("x"))).toMatchObject({
    code: "EDESTADDRREQ",
    errno: -89,
    syscall: "send",
    message: "send EDESTADDRREQ",
  });
});
