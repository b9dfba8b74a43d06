import { describe, expect, onTestFinished, test } from "vitest";
import { AF_INET, AF_UNIX, SOCK_DGRAM, SOCK_SEQPACKET, socket, socketpair, WOULD_BLOCK } from "../../src/index.ts";
import { kernel as machine } from "../../src/native/load.ts";
import { type FakeKernel, type FakeKernelOptions, fakeKernel } from "../../src/testing/fake-kernel.ts";
import type { Fault } from "../../src/testing/kernel-fault.ts";
import type { RandomFaultOptions } from "../../src/testing/random-faults.ts";
import { turnLoop } from "../behaviour/poller/turns.ts";
import { unixPair } from "../support/sockets.ts";

function inPlace(options?: FakeKernelOptions): FakeKernel {
  const kernel = fakeKernel(options);
  onTestFinished(() => kernel[Symbol.dispose]());
  return kernel;
}

describe("a script", () => {
  test("gives each call its fault, in order, and then none", () => {
    const kernel = inPlace();
    const [left, right] = unixPair();
    right.trySend("hello");
    kernel.script("recv", ["EAGAIN", { atMostBytes: 2 }, "ENOMEM"]).script("recv", ["pass"]);
    expect(kernel.scriptedFaults).toBe(4);
    const room = Buffer.alloc(8);
    expect(left.tryRecv(room)).toBe(WOULD_BLOCK);
    expect(left.tryRecv(room)).toBe(2);
    expect(() => left.tryRecv(room)).toThrow(expect.objectContaining({ code: "ENOMEM" }));
    expect(left.tryRecv(room)).toBe(3);
    expect(left.tryRecv(room)).toBe(WOULD_BLOCK);
    expect(kernel.scriptedFaults).toBe(0);
    expect(kernel.callCount("recv")).toBe(5);
  });

  test("for one socket affects no other, and takes precedence over the general one", () => {
    const kernel = inPlace();
    const [left, right] = unixPair();
    kernel.script("send", ["EPERM"]).script("send", ["ENOBUFS"], left);
    expect(() => left.trySend("x")).toThrow(expect.objectContaining({ code: "ENOBUFS" }));
    expect(() => right.trySend("x")).toThrow(expect.objectContaining({ code: "EPERM" }));
    expect(left.trySend("x")).toBe(1);
  });

  test("interrupts a call: the addon's caller repeats it below layer 1", () => {
    const kernel = inPlace();
    const [left] = unixPair();
    kernel.script("send", ["EINTR", "EINTR", { atMostBytes: 1 }]);
    expect(left.trySend("xyz")).toBe(1);
    expect(kernel.callCount("send")).toBe(3);
  });

  test("cuts no record", () => {
    const kernel = inPlace();
    const [left, right] = socketpair(AF_UNIX, SOCK_SEQPACKET);
    kernel.script("send", [{ atMostBytes: 1 }]).script("recv", [{ atMostBytes: 1 }]);
    expect(left.trySend("record")).toBe(6);
    expect(right.tryRecv(Buffer.alloc(9))).toBe(6);
    left.close();
    right.close();
  });

  test.for([
    ["ENOSUCH", "ERR_INVALID_ARG_VALUE"],
    [{ atMostBytes: 0 }, "ERR_OUT_OF_RANGE"],
    [{ atMostBytes: 1.5 }, "ERR_OUT_OF_RANGE"],
    [{}, "ERR_INVALID_ARG_TYPE"],
  ] as const)("%o is no valid fault", ([fault, code]) => {
    const kernel = inPlace();
    expect(() => kernel.script("recv", ["pass", fault as Fault])).toThrow(expect.objectContaining({ code }));
    expect(() => kernel.script("recv", [fault as Fault])).toThrow("faults[0]");
    expect(kernel.scriptedFaults).toBe(0);
  });

  test("has a limit: a million faults", () => {
    const kernel = inPlace();
    kernel.script("recv", new Array<Fault>(1_000_000).fill("pass"));
    expect(() => kernel.script("recv", ["pass"])).toThrow(expect.objectContaining({ code: "ERR_OUT_OF_RANGE" }));
  });
});

describe("random faults", () => {
  function weather(options: RandomFaultOptions): (number | string)[] {
    using kernel = fakeKernel();
    const [left, right] = socketpair();
    kernel.randomFaults(options);
    const results = Array.from({ length: 200 }, () => {
      const sent = left.trySend("0123456789");
      const received = right.tryRecv(Buffer.alloc(10));
      return [sent, received].map((each) => (each === WOULD_BLOCK ? "none" : each)).join();
    });
    left.close();
    right.close();
    return results;
  }

  test("are the same for the same seed, and differ for another one", () => {
    expect(weather({ seed: 5 })).toEqual(weather({ seed: 5 }));
    expect(weather({ seed: 5 })).not.toEqual(weather({ seed: 6 }));
  });

  test("have every length from one byte to all, and nothing in one of ten calls", () => {
    const sent = weather({ seed: 1 }).map((each) => String(each).split(",")[0]);
    expect(new Set(sent)).toEqual(new Set([..."123456789", "10", "none"]));
    const none = sent.filter((each) => each === "none").length;
    expect(none).toBeGreaterThan(5);
    expect(none).toBeLessThan(50);
  });

  test("end without options", async () => {
    const kernel = inPlace();
    const [left] = unixPair();
    kernel.randomFaults({ againProbability: 0.95 }).randomFaults();
    expect(Array.from({ length: 50 }, () => left.trySend("x"))).toEqual(new Array(50).fill(1));
  });

  test.for([
    { seed: -1 },
    { seed: 1.5 },
    { shortProbability: 1 },
    { againProbability: -0.1 },
    { interruptProbability: Number.NaN },
    { spuriousProbability: 0.96 },
    { noBuffersProbability: 2 },
  ])("%o is refused: the faults would never end", (options) => {
    const kernel = inPlace();
    const [name = ""] = Object.keys(options);
    expect(() => kernel.randomFaults(options)).toThrow(name);
  });
});

describe("turns", () => {
  test("are made by hand: no event arrives before, and a ready socket is reported again", async () => {
    const kernel = inPlace({ turns: "manual" });
    const [left, right] = unixPair();
    let isReadable = false;
    const reading = left.readable().then(() => {
      isReadable = true;
    });
    right.trySend("x");
    await turnLoop();
    expect(isReadable).toBe(false);
    expect(kernel.turn()).toBe(1);
    await reading;
    const again = left.readable();
    expect(kernel.turn()).toBe(1);
    await again;
    // Without a waiting call the event is reported once more, and then no longer requested.
    expect([kernel.turn(), kernel.turn()]).toEqual([1, 0]);
  });

  test("an interrupted wait for events delivers none, and the next one does", async () => {
    const kernel = inPlace();
    const [left, right] = unixPair();
    kernel.script("epoll_wait", ["EINTR", "EINTR"]);
    const receiving = left.recv(1);
    right.trySend("x");
    expect(String(await receiving)).toBe("x");
    expect(kernel.scriptedFaults).toBe(0);
  });

  test("one wait reports 1 024 sockets at most, the next one the others", async () => {
    const kernel = inPlace({ turns: "manual" });
    const pairs = Array.from({ length: 1_030 }, () => socketpair());
    const waits = pairs.map(([left]) => left.readable());
    for (const [, right] of pairs) right.trySend("x");
    expect([kernel.turn(), kernel.turn()]).toEqual([1_024, 1_024]);
    await Promise.all(waits);
    for (const end of pairs.flat()) end.close();
  });
});

describe("its resources are limited", () => {
  test("a buffer: what does not fit has to wait", () => {
    inPlace({ bufferBytes: 10 });
    const [left, right] = unixPair();
    expect(left.trySend("x".repeat(11))).toBe(10);
    expect(left.trySend("x")).toBe(WOULD_BLOCK);
    expect(right.tryRecv(Buffer.alloc(9))).toBe(9);
    expect(left.trySend("xy")).toBe(2);
  });

  test("records, also empty ones: each takes 64 bytes more", () => {
    inPlace({ bufferBytes: 128 });
    const [left, right] = socketpair(AF_UNIX, SOCK_DGRAM);
    expect([left.trySend(""), left.trySend(""), left.trySend("")]).toEqual([0, 0, WOULD_BLOCK]);
    expect(() => left.trySend("x".repeat(129))).toThrow(expect.objectContaining({ code: "EMSGSIZE" }));
    left.close();
    right.close();
  });

  test("a datagram of UDP has at most 65 507 bytes", async () => {
    inPlace();
    const udp = socket(AF_INET, SOCK_DGRAM);
    udp.bind({ host: "127.0.0.1", port: 0 });
    const own = udp.getsockname();
    expect(await udp.sendto(Buffer.alloc(65_507), own)).toBe(65_507);
    await expect(udp.sendto(Buffer.alloc(65_508), own)).rejects.toMatchObject({ code: "EMSGSIZE" });
    udp.close();
  });

  test("sockets: one more is EMFILE, until another is closed", () => {
    const kernel = inPlace({ maxSockets: 3 });
    const [left] = unixPair();
    const last = socket();
    for (const make of [socket, socketpair, () => left.dup()]) {
      expect(make).toThrow(expect.objectContaining({ code: "EMFILE" }));
    }
    last.close();
    expect(kernel.openSockets).toBe(2);
    socket().close();
  });

  test("ports: 16 384, and each is used again when it is free", () => {
    inPlace();
    const sockets = Array.from({ length: 16_384 }, () => socket());
    for (const each of sockets) each.bind({ host: "127.0.0.1", port: 0 });
    expect(new Set(sockets.map((each) => each.getsockname().port)).size).toBe(16_384);
    const late = socket();
    expect(() => late.bind({ host: "127.0.0.1", port: 0 })).toThrow(expect.objectContaining({ code: "EADDRNOTAVAIL" }));
    sockets.pop()?.close();
    late.bind({ host: "127.0.0.1", port: 0 });
    for (const each of [...sockets, late]) each.close();
  });

  test.for([
    { bufferBytes: 0 },
    { bufferBytes: 16 * 1024 * 1024 + 1 },
    { maxSockets: 0 },
    { maxSockets: 1_000_001 },
    { sockets: "none" as "memory" },
    { turns: "never" as "manual" },
  ])("%o is refused, and the kernel stays in place", (options) => {
    expect(() => fakeKernel(options)).toThrow(Object.keys(options)[0]);
    inPlace();
  });
});

describe("the kernel of the machine", () => {
  test("returns, function by function", () => {
    const before = { ...machine };
    const kernel = fakeKernel();
    expect({ ...machine }).not.toEqual(before);
    kernel[Symbol.dispose]();
    kernel[Symbol.dispose]();
    expect({ ...machine }).toEqual(before);
  });

  test("continues with the sockets that it had", async () => {
    const [left, right] = unixPair();
    const kernel = inPlace();
    kernel.script("send", ["EINTR", { atMostBytes: 2 }]);
    expect(kernel.openSockets).toBe(0);
    const receiving = right.recv(8);
    expect(left.trySend("real")).toBe(2);
    expect(String(await receiving)).toBe("re");
  });

  test("can open every kind of socket, and scripts and random faults apply to their calls", async () => {
    const kernel = inPlace({ sockets: "machine" });
    const [left, right] = unixPair();
    kernel.randomFaults({ seed: 3, againProbability: 0.3, shortProbability: 0.9 });
    const sent = left.sendall("x".repeat(10_000)).then(() => left.close());
    let bytes = 0;
    for (let chunk = await right.recv(64); chunk.length > 0; chunk = await right.recv(64)) bytes += chunk.length;
    await sent;
    expect(bytes).toBe(10_000);
    expect(kernel.openSockets).toBe(0);
    expect(kernel.callCount("recv")).toBeGreaterThan(100);
  });

  test("takes the sockets away from waiting calls", async () => {
    const kernel = fakeKernel();
    const [left, right] = unixPair();
    const waits = [left.recv(1), right.readable().then(() => right.recv(1))];
    kernel[Symbol.dispose]();
    for (const wait of waits) await expect(wait).rejects.toMatchObject({ code: "EBADF" });
  });

  test("can be replaced by one fake kernel at a time", () => {
    inPlace();
    expect(() => fakeKernel()).toThrow("dispose of it first");
  });
});

test("a socket in memory has no descriptor to pass on", () => {
  inPlace();
  const [left] = unixPair();
  expect(() => left.detach()).toThrow("no descriptor");
});

test("a kernel that was removed reports no events, and its sockets do not belong to the next one", async () => {
  const old = fakeKernel();
  const left = socketpair();
  const waiting = left[1].recv(1).catch((error: unknown) => error);
  left[0].trySend("nobody reads it");
  old[Symbol.dispose]();
  expect(await waiting).toMatchObject({ code: "EBADF" });

  const next = inPlace();
  const ends = unixPair();
  const received = ends[1].recv(5);
  const calls = next.callCount("epoll_ctl");
  await turnLoop(5);
  expect(next.callCount("epoll_ctl")).toBe(calls);
  for (const end of left) end.close();
  await ends[0].sendall("hello");
  expect(String(await received)).toBe("hello");
});
