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
  test("gives each call its fault, in order, and then nothing", () => {
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

  test("of one socket is nobody else's, and comes before everybody's", () => {
    const kernel = inPlace();
    const [left, right] = unixPair();
    kernel.script("send", ["EPERM"]).script("send", ["ENOBUFS"], left);
    expect(() => left.trySend("x")).toThrow(expect.objectContaining({ code: "ENOBUFS" }));
    expect(() => right.trySend("x")).toThrow(expect.objectContaining({ code: "EPERM" }));
    expect(left.trySend("x")).toBe(1);
  });

  test("interrupts: the call is made again below layer 1", () => {
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
  ] as const)("%o is no fault", ([fault, code]) => {
    const kernel = inPlace();
    expect(() => kernel.script("recv", ["pass", fault as Fault])).toThrow(expect.objectContaining({ code }));
    expect(() => kernel.script("recv", [fault as Fault])).toThrow("faults[0]");
    expect(kernel.scriptedFaults).toBe(0);
  });

  test("has an end: a million faults", () => {
    const kernel = inPlace();
    kernel.script("recv", new Array<Fault>(1_000_000).fill("pass"));
    expect(() => kernel.script("recv", ["pass"])).toThrow(expect.objectContaining({ code: "ERR_OUT_OF_RANGE" }));
  });
});

describe("a storm", () => {
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

  test("is the same for the same seed, and another one for another", () => {
    expect(weather({ seed: 5 })).toEqual(weather({ seed: 5 }));
    expect(weather({ seed: 5 })).not.toEqual(weather({ seed: 6 }));
  });

  test("has every length from one byte to all, and a tenth of nothing", () => {
    const sent = weather({ seed: 1 }).map((each) => String(each).split(",")[0]);
    expect(new Set(sent)).toEqual(new Set([..."123456789", "10", "none"]));
    const none = sent.filter((each) => each === "none").length;
    expect(none).toBeGreaterThan(5);
    expect(none).toBeLessThan(50);
  });

  test("is over without options", async () => {
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
  ])("%o is none: it would never end", (options) => {
    const kernel = inPlace();
    const [name = ""] = Object.keys(options);
    expect(() => kernel.randomFaults(options)).toThrow(name);
  });
});

describe("turns", () => {
  test("by hand: nothing is told before, and what is ready is told again", async () => {
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
    // Nobody waits: it is told once more, and then not asked for.
    expect([kernel.turn(), kernel.turn()]).toEqual([1, 0]);
  });

  test("an interrupted wait for events brings nothing, and the next one does", async () => {
    const kernel = inPlace();
    const [left, right] = unixPair();
    kernel.script("epoll_wait", ["EINTR", "EINTR"]);
    const receiving = left.recv(1);
    right.trySend("x");
    expect(String(await receiving)).toBe("x");
    expect(kernel.scriptedFaults).toBe(0);
  });

  test("one tells of 1 024 sockets at most, the next one of the others", async () => {
    const kernel = inPlace({ turns: "manual" });
    const pairs = Array.from({ length: 1_030 }, () => socketpair());
    const waits = pairs.map(([left]) => left.readable());
    for (const [, right] of pairs) right.trySend("x");
    expect([kernel.turn(), kernel.turn()]).toEqual([1_024, 1_024]);
    await Promise.all(waits);
    for (const end of pairs.flat()) end.close();
  });
});

describe("what is there is limited", () => {
  test("a buffer: what does not fit has to wait", () => {
    inPlace({ bufferBytes: 10 });
    const [left, right] = unixPair();
    expect(left.trySend("x".repeat(11))).toBe(10);
    expect(left.trySend("x")).toBe(WOULD_BLOCK);
    expect(right.tryRecv(Buffer.alloc(9))).toBe(9);
    expect(left.trySend("xy")).toBe(2);
  });

  test("records, empty ones too: each costs 64 bytes besides", () => {
    inPlace({ bufferBytes: 128 });
    const [left, right] = socketpair(AF_UNIX, SOCK_DGRAM);
    expect([left.trySend(""), left.trySend(""), left.trySend("")]).toEqual([0, 0, WOULD_BLOCK]);
    expect(() => left.trySend("x".repeat(129))).toThrow(expect.objectContaining({ code: "EMSGSIZE" }));
    left.close();
    right.close();
  });

  test("a datagram of UDP has 65 507 bytes at most", async () => {
    inPlace();
    const udp = socket(AF_INET, SOCK_DGRAM);
    udp.bind({ host: "127.0.0.1", port: 0 });
    const own = udp.getsockname();
    expect(await udp.sendto(Buffer.alloc(65_507), own)).toBe(65_507);
    await expect(udp.sendto(Buffer.alloc(65_508), own)).rejects.toMatchObject({ code: "EMSGSIZE" });
    udp.close();
  });

  test("sockets: a further one is EMFILE, until one is closed", () => {
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

  test("ports: 16 384, and each comes again when it is free", () => {
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
  ])("%o is refused, and nothing is put in place", (options) => {
    expect(() => fakeKernel(options)).toThrow(Object.keys(options)[0]);
    inPlace();
  });
});

describe("the machine's kernel", () => {
  test("comes back, function by function", () => {
    const before = { ...machine };
    const kernel = fakeKernel();
    expect({ ...machine }).not.toEqual(before);
    kernel[Symbol.dispose]();
    kernel[Symbol.dispose]();
    expect({ ...machine }).toEqual(before);
  });

  test("goes on with the sockets that it had", async () => {
    const [left, right] = unixPair();
    const kernel = inPlace();
    kernel.script("send", ["EINTR", { atMostBytes: 2 }]);
    expect(kernel.openSockets).toBe(0);
    const receiving = right.recv(8);
    expect(left.trySend("real")).toBe(2);
    expect(String(await receiving)).toBe("re");
  });

  test("can make all sockets, whose calls go by script and storm", async () => {
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

  test("takes the sockets away from who waits", async () => {
    const kernel = fakeKernel();
    const [left, right] = unixPair();
    const waits = [left.recv(1), right.readable().then(() => right.recv(1))];
    kernel[Symbol.dispose]();
    for (const wait of waits) await expect(wait).rejects.toMatchObject({ code: "EBADF" });
  });

  test("has one in its place at a time", () => {
    inPlace();
    expect(() => fakeKernel()).toThrow("dispose of it first");
  });
});

test("a socket of memory has no descriptor to give away", () => {
  inPlace();
  const [left] = unixPair();
  expect(() => left.detach()).toThrow("no descriptor");
});

test("a kernel that is gone tells nobody anything, and what was its own is not that of the next", async () => {
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
