import { afterEach, describe, expect, test, vi } from "vitest";
import { SOCK_SEQPACKET, type Socket, WOULD_BLOCK } from "../../../src/index.ts";
import { kernel } from "../../../src/native/load.ts";
import { fill } from "../../support/full.ts";
import { closeAtTheEnd, listenOnLoopback, openStream, recordPair, tcpPair, unixPair } from "../../support/sockets.ts";

afterEach(() => {
  vi.restoreAllMocks();
});

const MIB = 1024 * 1024;

/** Reads until the end, and returns the runs of equal bytes: `"aab"` is [["a", 2], ["b", 1]]. */
async function runsOf(socket: Socket): Promise<[letter: string, length: number][]> {
  const runs: [string, number][] = [];
  const room = Buffer.alloc(MIB);
  for (let count = await socket.recv_into(room); count > 0; count = await socket.recv_into(room)) {
    for (let at = 0; at < count; ) {
      const letter = String.fromCharCode(room[at] ?? 0);
      const rest = room.subarray(at, count);
      const length = rest.equals(Buffer.alloc(rest.length, letter))
        ? rest.length
        : rest.findIndex((byte) => byte !== room[at]);
      const last = runs.at(-1);
      if (last?.[0] === letter) last[1] += length;
      else runs.push([letter, length]);
      at += length;
    }
  }
  return runs;
}

describe("each direction of a socket has one first-in-first-out queue", () => {
  test.for([
    ["TCP", tcpPair],
    ["a Unix stream", unixPair],
  ] as const)("two concurrent sendalls of 32 MiB do not interleave over %s", async ([, pair]) => {
    const [left, right] = await pair();
    const sent = Promise.all([left.sendall(Buffer.alloc(32 * MIB, "a")), left.sendall(Buffer.alloc(32 * MIB, "b"))]);
    const closed = sent.then(() => left.close());
    expect(await runsOf(right)).toEqual([
      ["a", 32 * MIB],
      ["b", 32 * MIB],
    ]);
    await closed;
  });

  test("every call that sends uses the queue, whatever its size", async () => {
    const [left, right] = await tcpPair();
    const sent = Promise.all([
      left.sendall(Buffer.alloc(4 * MIB, "a")),
      left.send("b"),
      left.sendall(Buffer.alloc(4 * MIB, "c")),
      left.sendmsg(["d", "dd"]),
      left.writable(),
      left.sendall(Buffer.alloc(100_000, "e")),
      left.sendall("f"),
    ]);
    const closed = sent.then(() => left.close());
    expect(await runsOf(right)).toEqual([
      ["a", 4 * MIB],
      ["b", 1],
      ["c", 4 * MIB],
      ["d", 3],
      ["e", 100_000],
      ["f", 1],
    ]);
    await closed;
  });

  test("every call that receives uses the queue", async () => {
    const [left, right] = unixPair();
    const room = Buffer.alloc(2);
    const received = Promise.all([
      right.recv(2),
      right.recv_into(room),
      right.recvfrom(2),
      right.readable(),
      right.recvmsg(2),
      right.recv(2),
    ]);
    await left.sendall("112233");
    await left.sendall("4455");
    const [first, second, [third], , { data: fourth }, fifth] = await received;
    expect([first, third, fourth, fifth].map(String)).toEqual(["11", "33", "44", "55"]);
    expect([second, String(room)]).toEqual([2, "22"]);
  });

  test("records are returned in the order of the calls", async () => {
    const [left, right] = recordPair(SOCK_SEQPACKET);
    const received = Promise.all(Array.from({ length: 50 }, () => right.recv(1024)));
    for (let number = 0; number < 50; number++) await left.send(`record ${number}`);
    expect((await received).map(String)).toEqual(Array.from({ length: 50 }, (_, number) => `record ${number}`));
  });

  test("connections are returned in the order of the calls", async () => {
    const listener = listenOnLoopback();
    const accepted = [listener.accept(), listener.accept(), listener.accept()];
    const clients = [openStream(), openStream(), openStream()];
    for (const client of clients) await client.connect(listener.getsockname());
    const connections = await Promise.all(accepted);
    closeAtTheEnd(...connections.map(([peer]) => peer));
    expect(connections.map(([, { port }]) => port)).toEqual(clients.map((client) => client.getsockname().port));
  });

  test("a waiting receive does not delay a send, nor a waiting send a receive", async () => {
    const [left, right] = unixPair();
    const received = left.recv(1024);
    await left.sendall("past the receive");
    expect(String(await right.recv(1024))).toBe("past the receive");

    fill(left);
    const sent = left.sendall("waits for room");
    await right.sendall("past the send");
    expect(String(await received)).toBe("past the send");
    left.close();
    await expect(sent).rejects.toMatchObject({ code: "ERR_SOCKWRIGHT_CLOSED" });
  });
});

describe("a call behind a waiting one makes no system call", () => {
  test("a receive, even if data has arrived", async () => {
    const [left, right] = unixPair();
    const recv = vi.spyOn(kernel, "recv");
    const first = right.recv(2);
    expect(recv).toHaveBeenCalledTimes(1);
    left.trySend("1122");
    const second = right.recv(2);
    const third = right.recv_into(Buffer.alloc(2));
    expect(right.tryRecv(Buffer.alloc(2))).toBe(WOULD_BLOCK);
    expect(recv).toHaveBeenCalledTimes(1);
    left.trySend("33");
    expect([String(await first), String(await second), await third]).toEqual(["11", "22", 2]);
  });

  test("a send, even if there is room again", async () => {
    const [left, right] = unixPair();
    let filled = fill(left);
    const send = vi.spyOn(kernel, "send");
    const first = left.sendall("first ");
    expect(send).toHaveBeenCalledTimes(1);
    const room = Buffer.alloc(MIB);
    while (filled > 0) filled -= Number(right.tryRecv(room));
    const second = left.sendall("second ");
    const third = left.send("third");
    expect(left.trySend("overtaken")).toBe(WOULD_BLOCK);
    expect(send).toHaveBeenCalledTimes(1);
    await Promise.all([first, second, third]);
    left.close();
    const chunks: Buffer[] = [];
    for await (const chunk of right) chunks.push(chunk);
    expect(String(Buffer.concat(chunks))).toBe("first second third");
  });

  test("an accept, even if a peer has connected", async () => {
    const listener = listenOnLoopback();
    const accept = vi.spyOn(kernel, "accept");
    const first = listener.accept();
    expect(accept).toHaveBeenCalledTimes(1);
    const [one, two] = [openStream(), openStream()];
    const connected = Promise.all([one.connect(listener.getsockname()), two.connect(listener.getsockname())]);
    const second = listener.accept();
    expect(accept).toHaveBeenCalledTimes(1);
    await connected;
    const [[firstPeer, firstAddress], [secondPeer, secondAddress]] = await Promise.all([first, second]);
    closeAtTheEnd(firstPeer, secondPeer);
    expect([firstAddress, secondAddress]).toEqual([one.getsockname(), two.getsockname()]);
  });
});
