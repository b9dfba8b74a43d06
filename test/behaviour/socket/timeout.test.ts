import { afterEach, describe, expect, test, vi } from "vitest";
import { AF_UNIX, SocketError, SockwrightError, socket } from "../../../src/index.ts";
import { closeAtTheEnd, listenOnLoopback, openStream, tcpPair, unixPair } from "../../support/sockets.ts";
import { turnLoop } from "../poller/turns.ts";
import { stuck, waits } from "./waits.ts";

afterEach(() => {
  vi.useRealTimers();
});

describe("settimeout(timeoutMs), in milliseconds", () => {
  test.for(waits)("ends $call with ERR_SOCKWRIGHT_TIMEOUT, and not earlier", async ({ wait }) => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] });
    const socket = stuck();
    socket.settimeout(1_000);
    let outcome: unknown;
    const waited = wait(socket).catch((error: unknown) => {
      outcome = error;
    });
    await vi.advanceTimersByTimeAsync(999);
    expect(outcome).toBeUndefined();
    await vi.advanceTimersByTimeAsync(1);
    await waited;
    expect(outcome).toBeInstanceOf(SockwrightError);
    expect(outcome).toMatchObject({ code: "ERR_SOCKWRIGHT_TIMEOUT" });
  });

  test("ends accept and iteration over a listener", async () => {
    const listener = listenOnLoopback();
    listener.settimeout(5);
    const timedOut = { code: "ERR_SOCKWRIGHT_TIMEOUT" };
    await expect(listener.accept()).rejects.toMatchObject(timedOut);
    await expect(listener[Symbol.asyncIterator]().next()).rejects.toMatchObject(timedOut);
  });

  test("ends a connect to a full backlog", async () => {
    const [server] = closeAtTheEnd(socket(AF_UNIX));
    server.bind({ path: "" });
    server.listen(0);
    const [first, second] = [openStream(AF_UNIX), openStream(AF_UNIX)];
    await first.connect(server.getsockname());
    second.settimeout(10);
    await expect(second.connect(server.getsockname())).rejects.toMatchObject({ code: "ERR_SOCKWRIGHT_TIMEOUT" });
  });

  test("applies to calls that are made afterwards", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] });
    const socket = stuck();
    const endless = socket.recv(1);
    socket.settimeout(50);
    const ended = expect(socket.recv(1)).rejects.toMatchObject({ code: "ERR_SOCKWRIGHT_TIMEOUT" });
    socket.settimeout(null);
    await vi.advanceTimersByTimeAsync(50);
    await ended;
    await vi.advanceTimersByTimeAsync(3_600_000);
    socket.close();
    await expect(endless).rejects.toMatchObject({ code: "ERR_SOCKWRIGHT_CLOSED" });
  });

  test("counts from the time of each call, also behind a waiting one", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] });
    const socket = stuck();
    const ends: number[] = [];
    for (const timeoutMs of [300, 100, 200]) {
      socket.settimeout(timeoutMs);
      socket.recv(1).catch(() => ends.push(timeoutMs));
    }
    await vi.advanceTimersByTimeAsync(100);
    expect(ends).toEqual([100]);
    await vi.advanceTimersByTimeAsync(100);
    expect(ends).toEqual([100, 200]);
    await vi.advanceTimersByTimeAsync(100);
    expect(ends).toEqual([100, 200, 300]);
  });

  test("leaves the socket usable: the next call has the whole timeout again", async () => {
    const [left, right] = await tcpPair();
    right.settimeout(5);
    await expect(right.recv(1024)).rejects.toMatchObject({ code: "ERR_SOCKWRIGHT_TIMEOUT" });
    right.settimeout(null);
    const received = right.recv(1024);
    await turnLoop();
    await left.sendall("late");
    expect(String(await received)).toBe("late");
  });

  test("does not end a call whose data arrives in time", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] });
    const [left, right] = unixPair();
    right.settimeout(50);
    for (let round = 0; round < 3; round++) {
      const received = right.recv(1024);
      await vi.advanceTimersByTimeAsync(40);
      await left.sendall(`round ${round}`);
      expect(String(await received)).toBe(`round ${round}`);
    }
  });
});

describe("a timeout of the library is ERR_SOCKWRIGHT_TIMEOUT, unlike the kernel's ETIMEDOUT", () => {
  test("it is not a SocketError and has no errno", async () => {
    const socket = stuck();
    socket.settimeout(1);
    const error: unknown = await socket.recv(1).catch((error: unknown) => error);
    expect(error).not.toBeInstanceOf(SocketError);
    expect(error).not.toHaveProperty("errno");
    expect(error).toMatchObject({ message: expect.stringContaining("time-out") });
  });
});
