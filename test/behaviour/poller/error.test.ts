import { afterEach, describe, expect, onTestFinished, test, vi } from "vitest";
import {
  AF_INET,
  AF_UNIX,
  type Datagram,
  MSG_ERRQUEUE,
  SO_ERROR,
  SOCK_DGRAM,
  SOCK_SEQPACKET,
  SOL_SOCKET,
  type Socket,
  socket,
  socketpair,
} from "../../../src/index.ts";
import { kernel } from "../../../src/native/load.ts";
import { fill } from "../../support/full.ts";
import { listenOnLoopback, resetTcp, tcpPair } from "../../support/sockets.ts";
import { observeTurns, placeOf, turnLoop } from "./turns.ts";

const EAGAIN = 11;
// ip(7), IP_RECVERR: the kernel queues the ICMP errors of a socket in its error queue.
const IPPROTO_IP = 0;
const IP_RECVERR = 11;

observeTurns();

afterEach(() => {
  vi.restoreAllMocks();
});

/** Counts reads of SO_ERROR from now on. */
function socketErrorReads(): () => number {
  const getsockopt = vi.spyOn(kernel, "getsockopt");
  return () =>
    getsockopt.mock.calls.filter(([, , level, option]) => level === SOL_SOCKET && option === SO_ERROR).length;
}

/** Returns a loopback address without a listener. */
function closedAddress(type?: number): { readonly host: string; readonly port: number } {
  const taken = type === undefined ? socket() : socket(AF_INET, type);
  taken.bind({ host: "127.0.0.1", port: 0 });
  const { port = 0 } = taken.getsockname();
  taken.close();
  return { host: "127.0.0.1", port };
}

function udp(): Socket<Datagram> {
  const datagrams = socket(AF_INET, SOCK_DGRAM);
  onTestFinished(() => datagrams.close());
  datagrams.bind({ host: "127.0.0.1", port: 0 });
  return datagrams;
}

describe("error or hang-up wakes every waiter, and the waiter's own call fetches the error", () => {
  test("a reset ends a reader and a writer; SO_ERROR is not read", async () => {
    const reads = socketErrorReads();
    const [ours, peer] = await tcpPair();
    const received = ours.recv(1024);
    fill(ours);
    const sent = ours.sendall("waits for room");
    await turnLoop();
    const recv = vi.spyOn(kernel, "recv");
    const send = vi.spyOn(kernel, "send");
    const { slot } = placeOf(ours);
    const before = reads();
    resetTcp(peer);
    const [reader, writer] = await Promise.allSettled([received, sent]);
    expect(reader).toMatchObject({ reason: { code: "ECONNRESET", syscall: "recv" } });
    expect(writer).toMatchObject({ reason: { code: "EPIPE", syscall: "send" } });
    expect(recv.mock.calls.filter((call) => call[0] === slot)).toHaveLength(1);
    expect(send.mock.calls.filter((call) => call[0] === slot)).toHaveLength(1);
    expect(reads()).toBe(before);
  });

  test("every call of a queue is settled, in order", async () => {
    const [ours, peer] = await tcpPair();
    const order: string[] = [];
    const calls = ["first", "second", "third"].map((name) =>
      ours.recv(16).then(
        (data) => order.push(`${name}: ${data.length} bytes`),
        (error: NodeJS.ErrnoException) => order.push(`${name}: ${error.code}`),
      ),
    );
    await turnLoop();
    resetTcp(peer);
    await Promise.all(calls);
    // As in C: the kernel reports a reset once, and later calls get the end.
    expect(order).toEqual(["first: ECONNRESET", "second: 0 bytes", "third: 0 bytes"]);
  });

  test("an ICMP error ends the waiting receive of a connected datagram socket, and the next one waits again", async () => {
    const ours = udp();
    const peer = udp();
    await ours.connect(closedAddress(SOCK_DGRAM));
    const received = ours.recv(1024);
    await ours.send("nobody there");
    await expect(received).rejects.toMatchObject({ code: "ECONNREFUSED", syscall: "recv" });
    await ours.connect(peer.getsockname());
    const next = ours.recv(1024);
    await peer.sendto("somebody", ours.getsockname());
    expect(String(await next)).toBe("somebody");
  });

  test("connect() gets the refusal, not a receive that waits beside it", async () => {
    const ours = socket();
    onTestFinished(() => ours.close());
    const connected = ours.connect(closedAddress());
    const received = ours.recv(1024);
    const [connect, recv] = await Promise.allSettled([connected, received]);
    expect(connect).toMatchObject({ status: "rejected", reason: { code: "ECONNREFUSED", syscall: "connect" } });
    expect(recv.status === "fulfilled" ? "a clean end" : "an error").toBe("an error");
  });
});

describe("SO_ERROR is read only to finish a connect, or when a call answered EAGAIN under an error event", () => {
  test("to finish a connect that was in progress", async () => {
    const reads = socketErrorReads();
    const listener = listenOnLoopback();
    const ours = socket();
    onTestFinished(() => ours.close());
    await ours.connect(listener.getsockname());
    expect(reads()).toBe(1);
    const refused = socket();
    onTestFinished(() => refused.close());
    await expect(refused.connect(closedAddress())).rejects.toMatchObject({ code: "ECONNREFUSED" });
    expect(reads()).toBe(2);
  });

  test("not by receives, sends, accepts, their EAGAINs, a clean end or a reset", async () => {
    const [ours, peer] = await tcpPair();
    const reads = socketErrorReads();
    for (let round = 0; round < 3; round++) {
      const received = ours.recv(1024);
      await peer.sendall("ping");
      await received;
      await ours.sendall("pong");
      await peer.recv(1024);
    }
    const end = ours.recv(1024);
    peer.shutdown(1);
    expect(await end).toHaveLength(0);
    resetTcp(peer);
    await turnLoop();
    await ours.recv(1024).catch(() => undefined);
    await ours.sendall("x").catch(() => undefined);
    expect(reads()).toBe(0);
  });

  test("when a receive answered EAGAIN under an error event", async () => {
    const [ours, peer] = await tcpPair();
    const { slot } = placeOf(ours);
    const received = ours.recv(1024);
    await turnLoop();
    const reads = socketErrorReads();
    answerOnce("recv", slot, -EAGAIN);
    resetTcp(peer);
    await expect(received).rejects.toMatchObject({ code: "ECONNRESET", syscall: "recv" });
    expect(reads()).toBe(1);
  });

  test("not when a receive answered EAGAIN and there was no error", async () => {
    const [ours, peer] = await tcpPair();
    const { slot } = placeOf(ours);
    const received = ours.recv(1024);
    await turnLoop();
    const reads = socketErrorReads();
    answerOnce("recv", slot, -EAGAIN);
    await peer.sendall("hello");
    expect(String(await received)).toBe("hello");
    expect(reads()).toBe(0);
  });

  test("an error that a send consumed is stored for the next receive", async () => {
    const [ours, peer] = await tcpPair();
    const { slot } = placeOf(ours);
    fill(ours);
    const sent = ours.sendall("waits for room");
    await turnLoop();
    answerOnce("send", slot, -EAGAIN);
    resetTcp(peer);
    await expect(sent).rejects.toMatchObject({ code: "ECONNRESET" });
    await expect(ours.recv(1024)).rejects.toMatchObject({ code: "ECONNRESET" });
  });
});

describe("within one record: data, then end, then error", () => {
  test("data and an end", async () => {
    const [ours, peer] = await tcpPair();
    const calls = [ours.recv(1024), ours.recv(1024)];
    await turnLoop();
    await peer.sendall("bye");
    peer.close();
    expect((await Promise.all(calls)).map(String)).toEqual(["bye", ""]);
  });

  test("data and a reset, with a waiting writer that would fetch the error", async () => {
    const [ours, peer] = await tcpPair();
    const order: string[] = [];
    const note = (name: string) => (outcome: unknown) =>
      order.push(`${name}: ${outcome instanceof Error ? (outcome as NodeJS.ErrnoException).code : String(outcome)}`);
    const calls = [ours.recv(1024), ours.recv(1024)].map((call) => call.then(note("recv"), note("recv")));
    fill(ours);
    calls.push(ours.sendall("waits for room").then(note("send"), note("send")));
    await turnLoop();
    await peer.sendall("last words");
    resetTcp(peer);
    await Promise.all(calls);
    expect(order).toEqual(["recv: last words", "recv: ECONNRESET", "send: EPIPE"]);
  });

  // unix(7): a record socket reports its error before the queued records, which can still be read.
  test("an error of a record socket loses no record", async () => {
    const [ours, peer] = socketpair(AF_UNIX, SOCK_SEQPACKET);
    onTestFinished(() => ours.close());
    await peer.send("one");
    await peer.send("two");
    await ours.send("unread");
    peer.close();
    const outcomes: string[] = [];
    for (let call = 0; call < 4; call++) {
      outcomes.push(
        await ours.recv(1024).then(
          (data) => String(data),
          (error: NodeJS.ErrnoException) => String(error.code),
        ),
      );
    }
    expect(outcomes).toEqual(["ECONNRESET", "one", "two", ""]);
  });
});

describe("the error queue belongs to the user: recvmsg(MSG_ERRQUEUE) waits for it", () => {
  async function refused(ours: Socket<Datagram>): Promise<void> {
    await ours.sendto("nobody there", closedAddress(SOCK_DGRAM));
  }

  function withErrorQueue(): Socket<Datagram> {
    const ours = udp();
    ours.setsockopt(IPPROTO_IP, IP_RECVERR, 1);
    return ours;
  }

  test("before the error arrives", async () => {
    const ours = withErrorQueue();
    const message = ours.recvmsg(1024, { flags: MSG_ERRQUEUE, control: 512 });
    await turnLoop();
    await refused(ours);
    const { data, control, flags } = await message;
    expect(String(data)).toBe("nobody there");
    expect(flags & MSG_ERRQUEUE).toBe(MSG_ERRQUEUE);
    expect(control).toEqual([expect.objectContaining({ level: IPPROTO_IP, type: IP_RECVERR })]);
  });

  test("when the error has already arrived", async () => {
    const ours = withErrorQueue();
    await refused(ours);
    await turnLoop();
    const { data } = await ours.recvmsg(1024, { flags: MSG_ERRQUEUE, control: 512 });
    expect(String(data)).toBe("nobody there");
  });

  test("a waiting receive gets the error and leaves the queue alone", async () => {
    const ours = withErrorQueue();
    const received = ours.recvfrom(1024);
    await turnLoop();
    await refused(ours);
    await expect(received).rejects.toMatchObject({ code: "ECONNREFUSED" });
    const { data } = await ours.recvmsg(1024, { flags: MSG_ERRQUEUE, control: 512 });
    expect(String(data)).toBe("nobody there");
  });

  test("data that arrives while it waits neither ends the wait nor counts as spurious", async () => {
    const ours = withErrorQueue();
    const peer = udp();
    const registered = ours.recv(1024);
    await peer.sendto("registers it for reading", ours.getsockname());
    await registered;

    const { slot } = placeOf(ours);
    const message = ours.recvmsg(1024, { flags: MSG_ERRQUEUE, control: 512 });
    await turnLoop();
    const recvmsg = vi.spyOn(kernel, "recvmsg");
    await peer.sendto("data", ours.getsockname());
    await turnLoop(100);
    expect(recvmsg.mock.calls.filter((call) => call[0] === slot).length).toBeLessThanOrEqual(1);
    await refused(ours);
    expect(String((await message).data)).toBe("nobody there");
    expect(String(await ours.recv(1024))).toBe("data");
  });
});

/** Replaces the kernel's result of one call on one socket. */
function answerOnce(name: "recv" | "send", slot: number, result: number): void {
  const call = kernel[name];
  let isPlayed = false;
  vi.spyOn(kernel, name).mockImplementation((...args) => {
    if (isPlayed || args[0] !== slot) return call(...args);
    isPlayed = true;
    return result;
  });
}
