import { describe, expect, onTestFinished, test } from "vitest";
import { MSG_WAITALL, type Socket } from "../../../src/index.ts";
import { startChild } from "../../support/child.ts";
import { fill } from "../../support/full.ts";
import { type Ends, listenOnLoopback, resetTcp, tcpPair, unixPair } from "../../support/sockets.ts";
import { requireTool } from "../../support/tools.ts";
import { turnLoop } from "./turns.ts";

interface Transport {
  readonly name: string;
  pair(): Promise<Ends>;
  /** Ends the connection with an error for `ours`. */
  reset(ours: Socket, peer: Socket): Promise<void>;
  /** The error code of a send after the reset. */
  readonly sendCode: string;
}

const transports: readonly Transport[] = [
  {
    name: "TCP, SO_LINGER of zero seconds",
    pair: tcpPair,
    reset: async (_ours, peer) => resetTcp(peer),
    sendCode: "ECONNRESET",
  },
  {
    // unix(7): a close with unread data is a reset. A send fails with EPIPE, and the error stays for the reader.
    name: "a Unix stream, closed with data unread",
    pair: async () => unixPair(),
    reset: async (ours, peer) => {
      await ours.sendall("unread");
      peer.close();
    },
    sendCode: "EPIPE",
  },
];

const RESET = { code: "ECONNRESET", errno: -104, syscall: "recv" };

describe.each(transports)("a reset is never read as a clean end: $name", ({ pair, reset, sendCode }) => {
  test("while a reader waits", async () => {
    const [ours, peer] = await pair();
    const received = ours.recv(1024);
    await turnLoop();
    await reset(ours, peer);
    await expect(received).rejects.toMatchObject(RESET);
  });

  test("while no call waits, before the first wait", async () => {
    const [ours, peer] = await pair();
    await reset(ours, peer);
    await turnLoop();
    await expect(ours.recv(1024)).rejects.toMatchObject(RESET);
  });

  test("while no call waits, after an earlier wait, when the hang-up has been reported and the registration dropped", async () => {
    const [ours, peer] = await pair();
    const received = ours.recv(1024);
    await peer.sendall("first");
    expect(String(await received)).toBe("first");
    await reset(ours, peer);
    await turnLoop();
    await expect(ours.recv(1024)).rejects.toMatchObject(RESET);
  });

  test("with data queued before it, while a reader waits", async () => {
    const [ours, peer] = await pair();
    const received = [ours.recv(1024), ours.recv(1024)];
    await turnLoop();
    await peer.sendall("last words");
    await reset(ours, peer);
    expect(String(await received[0])).toBe("last words");
    await expect(received[1]).rejects.toMatchObject(RESET);
  });

  test("with data queued before it, while no call waits", async () => {
    const [ours, peer] = await pair();
    await peer.sendall("last words");
    await reset(ours, peer);
    await turnLoop();
    expect(String(await ours.recv(1024))).toBe("last words");
    await expect(ours.recv(1024)).rejects.toMatchObject(RESET);
  });

  test("with data queued before it that is read in pieces", async () => {
    const [ours, peer] = await pair();
    await peer.sendall("last words");
    await reset(ours, peer);
    expect(String(await ours.recv(5))).toBe("last ");
    expect(String(await ours.recv(5))).toBe("words");
    await expect(ours.recv(5)).rejects.toMatchObject(RESET);
  });

  test("after a send that failed with it", async () => {
    const [ours, peer] = await pair();
    await reset(ours, peer);
    await expect(ours.send("x")).rejects.toMatchObject({ code: sendCode });
    await expect(ours.recv(1024)).rejects.toMatchObject(RESET);
  });

  test("after a send that failed with it, with data queued before it", async () => {
    const [ours, peer] = await pair();
    await peer.sendall("last words");
    await reset(ours, peer);
    await expect(ours.send("x")).rejects.toMatchObject({ code: sendCode });
    expect(String(await ours.recv(1024))).toBe("last words");
    await expect(ours.recv(1024)).rejects.toMatchObject(RESET);
  });

  test("after several sends, the later ones with EPIPE", async () => {
    const [ours, peer] = await pair();
    await reset(ours, peer);
    await expect(ours.sendall("x")).rejects.toMatchObject({ code: sendCode });
    await expect(ours.sendall("y")).rejects.toMatchObject({ code: "EPIPE" });
    await expect(ours.sendmsg(["z"])).rejects.toMatchObject({ code: "EPIPE" });
    await expect(ours.recv(1024)).rejects.toMatchObject(RESET);
  });

  test("after a trySend that failed with it", async () => {
    const [ours, peer] = await pair();
    await reset(ours, peer);
    expect(() => ours.trySend("x")).toThrow(expect.objectContaining({ code: sendCode }));
    expect(() => ours.tryRecv(Buffer.alloc(16))).toThrow(expect.objectContaining(RESET));
  });

  test("while calls in both directions wait", async () => {
    const [ours, peer] = await pair();
    const received = ours.recv(1024);
    fill(ours);
    const sent = ours.sendall("more than there is room for");
    await turnLoop();
    // The Unix peer already has unread data.
    if (sendCode === "EPIPE") peer.close();
    else await reset(ours, peer);
    const [reader, writer] = await Promise.allSettled([received, sent]);
    expect(reader).toMatchObject({ status: "rejected", reason: RESET });
    expect(writer).toMatchObject({
      status: "rejected",
      reason: { code: expect.stringMatching(/^(EPIPE|ECONNRESET)$/) },
    });
  });

  test.each([
    ["recv_into", (ours: Socket) => ours.recv_into(Buffer.alloc(16))],
    ["recvfrom", (ours: Socket) => ours.recvfrom(16)],
    ["recvfrom_into", (ours: Socket) => ours.recvfrom_into(Buffer.alloc(16))],
    ["recvmsg", (ours: Socket) => ours.recvmsg(16)],
    ["recvmsg_into", (ours: Socket) => ours.recvmsg_into([Buffer.alloc(16)])],
    ["recv with MSG_WAITALL", (ours: Socket) => ours.recv(16, { flags: MSG_WAITALL })],
    ["readable, then recv", async (ours: Socket) => ours.readable().then(() => ours.recv(16))],
    ["iteration", async (ours: Socket) => ours[Symbol.asyncIterator]().next()],
  ])("by %s", async (_name, receive) => {
    const [ours, peer] = await pair();
    const waiting = receive(ours);
    await turnLoop();
    await reset(ours, peer);
    await expect(waiting).rejects.toMatchObject({ code: "ECONNRESET" });

    const [mine, theirs] = await pair();
    await reset(mine, theirs);
    await expect(mine.send("x")).rejects.toMatchObject({ code: sendCode });
    await expect(receive(mine)).rejects.toMatchObject({ code: "ECONNRESET" });
  });
});

test("a reset is never read as a clean end: a client in python3", async (context) => {
  const python = requireTool(context, "python3");
  const listener = listenOnLoopback();
  const client = await startChild(python, ["-c", RESETTING_CLIENT, String(listener.getsockname().port)]);
  const [peer] = await listener.accept();
  onTestFinished(() => peer.close());
  expect(String(await peer.recv(1024))).toBe("hello");
  client.stdin.end("reset\n");
  await expect(peer.recv(1024)).rejects.toMatchObject(RESET);
});

describe.each([
  ["TCP", tcpPair],
  ["a Unix stream", async () => unixPair()],
])("a clean end is never read as a reset: %s", (_name, pair) => {
  test("with data before it, while no call waits", async () => {
    const [ours, peer] = await pair();
    await peer.sendall("bye");
    peer.close();
    await turnLoop();
    expect(String(await ours.recv(1024))).toBe("bye");
    expect(await ours.recv(1024)).toHaveLength(0);
  });

  // The peer's tcp(7) answers data after its close with a reset, but the end arrived first.
  test("after sends to a closed connection", async () => {
    const [ours, peer] = await pair();
    await peer.sendall("bye");
    peer.close();
    await ours.send("x").catch(() => 0);
    await expect(ours.send("y")).rejects.toMatchObject({ code: "EPIPE" });
    expect(String(await ours.recv(1024))).toBe("bye");
    expect(await ours.recv(1024)).toHaveLength(0);
  });
});

const RESETTING_CLIENT = `
import socket, struct, sys
client = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
client.sendall(b"hello")
sys.stdin.readline()
client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
client.close()
`;
