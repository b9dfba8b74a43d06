import { closeSync } from "node:fs";
import { afterEach, describe, expect, onTestFinished, test, vi } from "vitest";
import { AF_INET, SOCK_DGRAM, type Socket, socket, socketpair } from "../../../src/index.ts";
import { kernel } from "../../../src/native/load.ts";
import { EPOLLHUP, EPOLLIN, EPOLLOUT } from "../../../src/native/poller.ts";
import { fill } from "../../support/full.ts";
import { listenOnLoopback, resetTcp, tcpPair, unixPair } from "../../support/sockets.ts";
import { observeTurns, placeOf, recordsOf, turnLoop } from "./turns.ts";

const turns = observeTurns();

afterEach(() => {
  vi.restoreAllMocks();
});

/** Records the interests that are set in epoll for a socket from now on; 0 is EPOLL_CTL_DEL. */
function interestsOf(socket: Socket): () => number[] {
  const { slot, generation } = placeOf(socket);
  const watch = vi.spyOn(kernel, "watch");
  return () => watch.mock.calls.filter((call) => call[0] === slot && call[1] === generation).map((call) => call[2]);
}

describe("a socket is registered at its first wait, never at creation", () => {
  test("not by a call that ends at once", async () => {
    const watch = vi.spyOn(kernel, "watch");
    const [left, right] = unixPair();
    await left.sendall("hello");
    expect(String(await right.recv(1024))).toBe("hello");
    const udp = socket(AF_INET, SOCK_DGRAM);
    onTestFinished(() => udp.close());
    udp.bind({ host: "127.0.0.1", port: 0 });
    await udp.connect(udp.getsockname());
    await udp.send("to itself");
    expect(String(await udp.recv(1024))).toBe("to itself");
    listenOnLoopback();
    expect(watch).not.toHaveBeenCalled();
  });

  test("by the first call that waits, and once", async () => {
    const [left, right] = unixPair();
    const interests = interestsOf(right);
    const received = right.recv(1024);
    expect(interests()).toEqual([EPOLLIN]);
    await left.sendall("hello");
    await received;
    expect(interests()).toEqual([EPOLLIN]);
  });

  test("not by accept()", async () => {
    const watch = vi.spyOn(kernel, "watch");
    const [, accepted] = await tcpPair();
    const { slot, generation } = placeOf(accepted);
    await accepted.sendall("hello");
    await turnLoop();
    expect(watch.mock.calls.filter((call) => call[0] === slot && call[1] === generation)).toEqual([]);
  });

  test("so that the hang-up of a fresh TCP socket is not reported", async () => {
    const fresh = socket();
    onTestFinished(() => fresh.close());
    const [left, right] = unixPair();
    const received = right.recv(1024);
    await left.sendall("the poller runs");
    await received;
    await turnLoop();
    expect(recordsOf(turns, fresh)).toEqual([]);
    // The kernel does report the hang-up once the socket is registered.
    await fresh.readable();
    expect(recordsOf(turns, fresh)).toEqual([expect.objectContaining({ events: expect.toSatisfy(hasHangUp) })]);
  });
});

describe("read interest is dropped only when an event arrives that no call waits for", () => {
  test("not between two waits", async () => {
    const [left, right] = unixPair();
    const interests = interestsOf(right);
    for (let round = 0; round < 100; round++) {
      const received = right.recv(1024);
      await left.sendall("ping");
      await received;
      await turnLoop(2);
    }
    expect(interests()).toEqual([EPOLLIN]);
  });

  test("when data arrives that nobody reads; the next wait sets it again", async () => {
    const [left, right] = unixPair();
    const received = right.recv(1024);
    await left.sendall("first");
    await received;

    const interests = interestsOf(right);
    await turnLoop();
    expect(interests()).toEqual([]);
    const before = turns.length;
    await left.sendall("second");
    await turnLoop();
    expect(interests()).toEqual([0]);
    // The event was reported once, not in each turn.
    expect(recordsOf(turns.slice(before), right)).toHaveLength(1);

    expect(String(await right.recv(1024))).toBe("second");
    const third = right.recv(1024);
    expect(interests()).toEqual([0, EPOLLIN]);
    await left.sendall("third");
    expect(String(await third)).toBe("third");
  });

  test("when data arrives while only a sender waits", async () => {
    const [left, right] = unixPair();
    fill(left);
    const received = left.recv(1024);
    await right.sendall("first");
    await received;
    const interests = interestsOf(left);
    const sent = left.sendall("waits for room");
    await turnLoop();
    const before = turns.length;
    await right.sendall("second");
    await turnLoop();
    expect(interests()).toEqual([EPOLLIN | EPOLLOUT, EPOLLOUT]);
    expect(recordsOf(turns.slice(before), left)).toHaveLength(1);
    left.close();
    await expect(sent).rejects.toMatchObject({ code: "ERR_SOCKWRIGHT_CLOSED" });
  });

  test("write interest is set by EAGAIN alone, and dropped when no call waits for it", async () => {
    const [left, right] = unixPair();
    const interests = interestsOf(left);
    const received = left.recv(1024);
    await left.sendall("there is room");
    const bytes = "there is room".length + fill(left);
    expect(interests()).toEqual([EPOLLIN]);
    const sent = left.sendall("waits for room");
    await turnLoop();
    expect(interests()).toEqual([EPOLLIN, EPOLLIN | EPOLLOUT]);
    for (let read = 0; read < bytes; ) read += await right.recv_into(Buffer.alloc(64 * 1024));
    await sent;
    await turnLoop();
    // Room was reported once more while no call waited for it.
    expect(interests()).toEqual([EPOLLIN, EPOLLIN | EPOLLOUT, EPOLLIN]);
    await right.sendall("done");
    expect(String(await received)).toBe("done");
  });
});

describe("error and hang-up cannot be masked: with no waiter, EPOLL_CTL_DEL, and add again at the next wait", () => {
  test.each([
    ["a reset", resetTcp],
    ["an end", (peer: Socket) => peer.close()],
  ])("%s is reported once and does not spin", async (_name, finish) => {
    const [ours, peer] = await tcpPair();
    const received = ours.recv(1024);
    await peer.sendall("registers it");
    await received;
    ours.shutdown(1);

    const interests = interestsOf(ours);
    const before = turns.length;
    finish(peer);
    await turnLoop(200);
    expect(interests()).toEqual([0]);
    expect(recordsOf(turns.slice(before), ours)).toHaveLength(1);

    await ours.readable();
    expect(interests()).toEqual([0, EPOLLIN]);
    expect(recordsOf(turns.slice(before), ours)).toHaveLength(2);
  });

  test("the loop sleeps although a socket has a hang-up that no call waits for", async () => {
    const [ours, peer] = await tcpPair();
    const received = ours.recv(1024);
    await peer.sendall("registers it");
    await received;
    resetTcp(peer);
    await turnLoop();
    // While the loop sleeps it has no turns; only the timer ends the sleep.
    const before = turns.length;
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(turns).toHaveLength(before);
  });
});

describe("EPOLL_CTL_DEL before close: a duplicate elsewhere keeps no registration alive", () => {
  test.each([
    ["close", (socket: Socket) => socket.close()],
    ["detach", (socket: Socket) => closeSync(socket.detach())],
  ])("%s", async (_name, giveUp) => {
    const [left, right] = unixPair();
    const received = right.recv(1024);
    await left.sendall("registers it");
    await received;
    const duplicate = right.dup();
    onTestFinished(() => duplicate.close());
    const { slot } = placeOf(right);
    giveUp(right);

    const [next, other] = socketpair();
    onTestFinished(() => {
      next.close();
      other.close();
    });
    expect([placeOf(next).slot, placeOf(other).slot]).toContain(slot);
    const before = turns.length;
    const watched = next.recv(1024);
    await left.sendall("for the duplicate");
    await turnLoop();
    expect(turns.slice(before).flat()).toEqual([]);
    expect(String(await duplicate.recv(1024))).toBe("for the duplicate");
    await other.sendall("for the new socket");
    expect(String(await watched)).toBe("for the new socket");
  });
});

function hasHangUp(events: number): boolean {
  return (events & EPOLLHUP) !== 0;
}
