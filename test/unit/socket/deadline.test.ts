import { afterEach, describe, expect, test, vi } from "vitest";
import { type Socket, socketpair } from "../../../src/index.ts";
import { kernel } from "../../../src/native/load.ts";
import { EPOLLIN, EPOLLOUT } from "../../../src/native/poller.ts";
import { beginTurn } from "../../../src/native/turn.ts";
import { SocketDescriptor } from "../../../src/socket/socket-descriptor.ts";
import { fill } from "../../support/full.ts";
import { closeAtTheEnd, listenOnLoopback, openStream, unixPair } from "../../support/sockets.ts";

afterEach(() => {
  vi.restoreAllMocks();
  vi.useRealTimers();
});

const TIMEOUT_MS = 10;

/** Blocks the event loop until the timeout has passed: the next turn finds both the timer and the event. */
function blockUntilOverdue(isReady = (): boolean => true): void {
  const end = performance.now() + 2 * TIMEOUT_MS;
  while (performance.now() < end || !isReady());
}

function polls(socket: Socket<unknown>, events: number): boolean {
  const { slot, generation } = SocketDescriptor.endpointOf(socket);
  return kernel.poll(slot, generation, events) > 0;
}

function drain(socket: Socket, bytes: number): void {
  const room = Buffer.alloc(64 * 1024);
  for (let rest = bytes; rest > 0; ) rest -= Number(socket.tryRecv(room));
}

describe("in one turn, readiness takes precedence over deadlines", () => {
  test("recv", async () => {
    const [left, right] = unixPair();
    right.settimeout(TIMEOUT_MS);
    const received = right.recv(1024);
    left.trySend("in time");
    blockUntilOverdue();
    expect(String(await received)).toBe("in time");
  });

  test("recvmsg and readable", async () => {
    const [[one, oneEnd], [two, twoEnd]] = [unixPair(), unixPair()];
    oneEnd.settimeout(TIMEOUT_MS);
    twoEnd.settimeout(TIMEOUT_MS);
    const waits = Promise.all([oneEnd.recvmsg(1024), twoEnd.readable()]);
    one.trySend("in time");
    two.trySend("in time");
    blockUntilOverdue();
    const [{ data }] = await waits;
    expect(String(data)).toBe("in time");
  });

  test("the end of a stream, and an error", async () => {
    const [left, right] = unixPair();
    right.settimeout(TIMEOUT_MS);
    const received = right.recv(1024);
    left.close();
    blockUntilOverdue();
    expect(await received).toHaveLength(0);

    const [peer, sender] = closeAtTheEnd(...socketpair());
    fill(sender);
    sender.settimeout(TIMEOUT_MS);
    const sent = sender.sendall("x");
    peer.close();
    blockUntilOverdue();
    await expect(sent).rejects.toMatchObject({ code: "EPIPE" });
  });

  test("sendall, send and writable", async () => {
    for (const [send, result] of [
      [(socket: Socket) => socket.sendall("x"), undefined],
      [(socket: Socket) => socket.send("x"), 1],
      [(socket: Socket) => socket.writable(), undefined],
    ] as const) {
      const [left, right] = unixPair();
      const filled = fill(left);
      left.settimeout(TIMEOUT_MS);
      const sent = send(left);
      drain(right, filled);
      blockUntilOverdue();
      expect(await sent).toBe(result);
    }
  });

  test("accept and connect", async () => {
    const listener = listenOnLoopback();
    const client = openStream();
    listener.settimeout(TIMEOUT_MS);
    client.settimeout(TIMEOUT_MS);
    // Earlier tests may have used up the budget of this turn, which would delay the connect to the next one.
    beginTurn();
    const accepted = listener.accept();
    const connected = client.connect(listener.getsockname());
    // On a busy machine, the kernel may complete the handshake later.
    blockUntilOverdue(() => polls(listener, EPOLLIN) && polls(client, EPOLLOUT));
    const [[peer]] = await Promise.all([accepted, connected]);
    closeAtTheEnd(peer);
    expect(peer.getpeername()).toEqual(client.getsockname());
  });

  test("several calls with the same deadline, as far as the data suffices", async () => {
    const [left, right] = unixPair();
    right.settimeout(TIMEOUT_MS);
    const calls = Promise.allSettled([right.recv(2), right.recv(2), right.recv(2)]);
    left.trySend("1122");
    blockUntilOverdue();
    expect(await calls).toEqual([
      { status: "fulfilled", value: Buffer.from("11") },
      { status: "fulfilled", value: Buffer.from("22") },
      { status: "rejected", reason: expect.objectContaining({ code: "ERR_SOCKWRIGHT_TIMEOUT" }) },
    ]);
  });
});

describe("one last attempt is made at expiry", () => {
  test("and no further one", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] });
    const recv = vi.spyOn(kernel, "recv");
    const [, right] = unixPair();
    right.settimeout(1_000);
    const received = expect(right.recv(1024)).rejects.toMatchObject({ code: "ERR_SOCKWRIGHT_TIMEOUT" });
    expect(recv).toHaveBeenCalledTimes(1);
    vi.advanceTimersByTime(1_000);
    expect(recv).toHaveBeenCalledTimes(2);
    await received;
    await vi.advanceTimersByTimeAsync(10_000);
    expect(recv).toHaveBeenCalledTimes(2);
  });

  test("even where a short read would make the next receive wait without an attempt", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] });
    const [left, right] = unixPair();
    left.trySend("first");
    await right.recv(1024);
    right.settimeout(1_000);
    const recv = vi.spyOn(kernel, "recv");
    const received = right.recv(1024);
    expect(recv).not.toHaveBeenCalled();
    left.trySend("second");
    vi.advanceTimersByTime(1_000);
    expect(String(await received)).toBe("second");
  });

  test("and an error that it meets rejects the call", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] });
    const [, right] = unixPair();
    right.settimeout(1_000);
    const received = right.recv(1024);
    vi.spyOn(kernel, "recv").mockReturnValueOnce(-104);
    vi.advanceTimersByTime(1_000);
    await expect(received).rejects.toMatchObject({ code: "ECONNRESET" });
  });
});

test("a change of the wall clock does not move a deadline", async () => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance", "Date"] });
  const [left, right] = unixPair();
  right.settimeout(1_000);
  const received = right.recv(1024);
  vi.setSystemTime(Date.now() + 3_600_000);
  await vi.advanceTimersByTimeAsync(999);
  left.trySend("in time");
  expect(String(await received)).toBe("in time");
});
