import { subscribe } from "node:diagnostics_channel";
import { constants } from "node:os";
import { afterEach, describe, expect, test, vi } from "vitest";
import {
  AF_INET,
  SCM_RIGHTS,
  SO_TYPE,
  SOCK_DGRAM,
  SOL_SOCKET,
  type Socket,
  socket,
  socketpair,
} from "../../../src/index.ts";
import { kernel } from "../../../src/native/load.ts";
import { MAX_TRANSFER_BYTES } from "../../../src/native/transfer-frame.ts";
import { BYTES_PER_TURN, CALLS_PER_TURN } from "../../../src/native/turn.ts";
import { decodeAddress, MAX_INET_TEXTS } from "../../../src/socket/address.ts";
import { POOLED_RECEIVE_BYTES, SCRATCH_BYTES, SLAB_BYTES } from "../../../src/socket/buffer-pool.ts";
import { MAX_CONTROL_BYTES } from "../../../src/socket/control-message.ts";
import { Backoff, MAX_TIMEOUT_MS } from "../../../src/socket/deadline.ts";
import { MAX_RETRY_MS, MIN_RETRY_MS } from "../../../src/socket/direction.ts";
import { MAX_GATHERED_BYTES } from "../../../src/socket/gather.ts";
import { MAX_BUFFERS } from "../../../src/socket/message.ts";
import { MAX_OPTION_BYTES } from "../../../src/socket/option.ts";
import { CHUNK_BYTES, DATAGRAM_BYTES } from "../../../src/socket/readiness.ts";
import {
  MAX_SPURIOUS_BACKOFF_MS,
  MAX_SPURIOUS_WAKEUPS,
  MIN_SPURIOUS_BACKOFF_MS,
} from "../../../src/socket/watching.ts";

const open: { close(): void }[] = [];
afterEach(() => {
  for (const each of open.splice(0)) each.close();
  vi.restoreAllMocks();
});

function pair(): [Socket, Socket] {
  const both = socketpair();
  open.push(...both);
  return both;
}

const OUT_OF_RANGE = expect.objectContaining({ code: "ERR_OUT_OF_RANGE" });

describe("each limit is the largest accepted value; the next one is refused with ERR_OUT_OF_RANGE", () => {
  test("MAX_TRANSFER_BYTES: recv", async () => {
    const [left] = pair();
    left.settimeout(0);
    await expect(left.recv(MAX_TRANSFER_BYTES + 1)).rejects.toEqual(OUT_OF_RANGE);
    await expect(left.recv(1)).rejects.toMatchObject({ code: "EAGAIN" });
  });

  test("MAX_BUFFERS: sendmsg", async () => {
    const [left] = pair();
    const buffers = (count: number): string[] => Array.from({ length: count }, () => "x");
    expect(await left.sendmsg(buffers(MAX_BUFFERS))).toBe(MAX_BUFFERS);
    await expect(left.sendmsg(buffers(MAX_BUFFERS + 1))).rejects.toEqual(OUT_OF_RANGE);
  });

  test("MAX_CONTROL_BYTES: recvmsg", async () => {
    const [left, right] = pair();
    await left.send("x");
    const { data } = await right.recvmsg(1, { control: MAX_CONTROL_BYTES });
    expect(data.toString()).toBe("x");
    await expect(right.recvmsg(1, { control: MAX_CONTROL_BYTES + 1 })).rejects.toEqual(OUT_OF_RANGE);
    const large = { level: SOL_SOCKET, type: SCM_RIGHTS, data: new Uint8Array(MAX_CONTROL_BYTES + 1) };
    await expect(left.sendmsg(["x"], { control: [large] })).rejects.toMatchObject({ code: "ERR_OUT_OF_RANGE" });
  });

  test("MAX_OPTION_BYTES: getsockopt and setsockopt", () => {
    const [left] = pair();
    expect(left.getsockopt(SOL_SOCKET, SO_TYPE, MAX_OPTION_BYTES)).toHaveLength(4);
    expect(() => left.getsockopt(SOL_SOCKET, SO_TYPE, MAX_OPTION_BYTES + 1)).toThrow(OUT_OF_RANGE);
    const value = new Uint8Array(MAX_OPTION_BYTES + 1);
    expect(() => left.setsockopt(SOL_SOCKET, SO_TYPE, value)).toThrow(OUT_OF_RANGE);
  });

  test("MAX_TIMEOUT_MS: settimeout", () => {
    const [left] = pair();
    left.settimeout(MAX_TIMEOUT_MS);
    expect(left.gettimeout()).toBe(MAX_TIMEOUT_MS);
    expect(() => left.settimeout(MAX_TIMEOUT_MS + 1)).toThrow(OUT_OF_RANGE);
  });
});

test("MAX_INET_TEXTS: addresses beyond the cache are decoded correctly, and so are the first ones again", () => {
  const view = new DataView(new ArrayBuffer(16));
  view.setUint16(0, AF_INET, true);
  const hostOf = (address: number): string | undefined => {
    view.setUint32(4, address);
    return decodeAddress(view, 0, 16)?.host;
  };
  const addresses = Array.from({ length: MAX_INET_TEXTS + 1 }, (_, index) => 0xfe000000 + index * 257);
  const expected = addresses.map((address) => {
    const bytes = Buffer.alloc(4);
    bytes.writeUInt32BE(address);
    return bytes.join(".");
  });
  expect(addresses.map(hostOf)).toEqual(expected);
  expect(addresses.map(hostOf)).toEqual(expected);
});

describe("memory of received data", () => {
  test("POOLED_RECEIVE_BYTES: a receive up to that size gets a Buffer in a slab of SLAB_BYTES, a larger one its own memory", async () => {
    const [left, right] = pair();
    await left.sendall(Buffer.alloc(POOLED_RECEIVE_BYTES * 3));
    const pooled = await right.recv(POOLED_RECEIVE_BYTES);
    expect(pooled.buffer.byteLength).toBe(SLAB_BYTES);
    const own = await right.recv(POOLED_RECEIVE_BYTES * 2);
    expect(own.length).toBe(POOLED_RECEIVE_BYTES * 2);
    expect(own.buffer.byteLength).not.toBe(SLAB_BYTES);
  });

  test("SCRATCH_BYTES: a receive that fills more than half of it gets the memory without a copy", async () => {
    const [left, right] = pair();
    await left.sendall(Buffer.alloc(SCRATCH_BYTES));
    const whole = await right.recv(SCRATCH_BYTES);
    expect(whole.buffer.byteLength).toBe(SCRATCH_BYTES);
    await left.sendall(Buffer.alloc(SCRATCH_BYTES / 2));
    const half = await right.recv(SCRATCH_BYTES);
    expect(half.buffer.byteLength).toBeLessThan(SCRATCH_BYTES);
  });

  test("CHUNK_BYTES: the size of a receive in an iteration over a stream", async () => {
    const [left, right] = pair();
    const received = vi.spyOn(kernel, "recv");
    await left.sendall("x");
    for await (const _chunk of right) break;
    expect(received.mock.calls.map(([, , , , length]) => length)).toEqual([CHUNK_BYTES]);
  });

  test("DATAGRAM_BYTES: iteration over datagrams has room for the largest UDP datagram", () => {
    expect(DATAGRAM_BYTES).toBeGreaterThan(65_507);
    const received = vi.spyOn(kernel, "recvfrom");
    const udp = socket(AF_INET, SOCK_DGRAM);
    open.push(udp);
    const waiting = udp[Symbol.asyncIterator]().next();
    expect(received.mock.calls[0]?.[4]).toBe(DATAGRAM_BYTES);
    udp.close();
    return waiting;
  });
});

describe("waits that double", () => {
  test.for([
    ["MIN_RETRY_MS to MAX_RETRY_MS", MIN_RETRY_MS, MAX_RETRY_MS],
    ["MIN_SPURIOUS_BACKOFF_MS to MAX_SPURIOUS_BACKOFF_MS", MIN_SPURIOUS_BACKOFF_MS, MAX_SPURIOUS_BACKOFF_MS],
  ] as const)("%s", ([, minMs, maxMs]) => {
    vi.useFakeTimers();
    const backoff = new Backoff(minMs, maxMs);
    const waits: number[] = [];
    const started = performance.now();
    const again = (): void => {
      waits.push(performance.now() - started - waits.reduce((sum, wait) => sum + wait, 0));
      if (waits.length < 10) backoff.schedule(again);
    };
    backoff.schedule(again);
    vi.runAllTimers();
    vi.useRealTimers();
    expect(waits[0]).toBe(minMs);
    expect(waits[1]).toBe(minMs * 2);
    expect(waits[9]).toBe(maxMs);
  });

  test("MAX_SPURIOUS_WAKEUPS: after that many in a row, the socket is not watched for a while", async () => {
    const [left, right] = pair();
    const received = vi.spyOn(kernel, "recv").mockReturnValue(-constants.errno.EAGAIN);
    const waiting = right.recv(1);
    await left.sendall("x");
    await new Promise<void>((resolve) => subscribe("sockwright:socket:spurious", () => resolve()));
    // The call made the first attempt, and each event one more.
    expect(received).toHaveBeenCalledTimes(1 + MAX_SPURIOUS_WAKEUPS);
    received.mockRestore();
    expect((await waiting).toString()).toBe("x");
  });
});

describe("the budget of a turn", () => {
  test("CALLS_PER_TURN: that many calls run in one microtask queue, and the next one in another turn", async () => {
    const [left, right] = pair();
    await left.sendall(Buffer.alloc(CALLS_PER_TURN * 2));
    await new Promise(setImmediate);
    const received = vi.spyOn(kernel, "recv");
    let callsBeforeNextTurn = 0;
    const nextTurn = new Promise<void>((resolve) => {
      setImmediate(() => {
        callsBeforeNextTurn = received.mock.calls.length;
        resolve();
      });
    });
    for (let call = 0; call < CALLS_PER_TURN * 2; call++) await right.recv(1);
    await nextTurn;
    expect(callsBeforeNextTurn).toBeLessThanOrEqual(CALLS_PER_TURN);
    expect(received.mock.calls.length).toBeGreaterThanOrEqual(CALLS_PER_TURN * 2);
  });

  test("BYTES_PER_TURN: after that many bytes, the next call runs in another turn", async () => {
    const [left, right] = pair();
    const sent = left.sendall(Buffer.alloc(BYTES_PER_TURN * 2));
    let taken = 0;
    let takenBeforeNextTurn = 0;
    const nextTurn = new Promise<void>((resolve) => {
      setImmediate(() => {
        takenBeforeNextTurn = taken;
        resolve();
      });
    });
    while (taken < BYTES_PER_TURN * 2) taken += (await right.recv(CHUNK_BYTES)).length;
    await Promise.all([nextTurn, sent]);
    expect(takenBeforeNextTurn).toBeLessThanOrEqual(BYTES_PER_TURN + CHUNK_BYTES);
  });

  test("MAX_GATHERED_BYTES: sends of one turn leave together, up to that many bytes", async () => {
    const [left, right] = pair();
    const part = Buffer.alloc(MAX_GATHERED_BYTES / 4);
    const sends = vi.spyOn(kernel, "send");
    await Promise.all(Array.from({ length: 9 }, () => left.sendall(part)));
    // The first send leaves at once; the other eight leave in two groups of four.
    expect(sends.mock.calls.map(([, , , , length]) => length)).toEqual([
      part.length,
      MAX_GATHERED_BYTES,
      MAX_GATHERED_BYTES,
    ]);
    expect((await right.recv(part.length * 9)).length).toBe(part.length * 9);
  });
});
