// No native call reads or writes outside the bytes that it was given: the guard bytes around them stay unchanged.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { kernel } from "../../../src/native/load.ts";
import { AF_INET, AF_INET6, AF_UNIX, SO_PASSCRED, SOCK_DGRAM, SOL_SOCKET } from "../../../src/socket/constants.ts";
import {
  addressRoom,
  closedAtTheEnd,
  datagramSocket,
  detach,
  open,
  pair,
  resizableBuffer,
  resultsRoom,
} from "./descriptors.ts";

const GUARD = 0xa5;
const EAGAIN = -11;

/** A view in the middle of memory full of guard bytes, aligned for an int32. */
function guarded(length: number): { view: Uint8Array; expectIntact: () => void } {
  const memory = new Uint8Array(length + 8192).fill(GUARD);
  const view = memory.subarray(4096, 4096 + length);
  return {
    view,
    expectIntact: () => {
      const around = [...memory.subarray(0, 4096), ...memory.subarray(4096 + length)];
      expect(around.every((byte) => byte === GUARD)).toBe(true);
    },
  };
}

const length = fc.nat(64);
const ranges = fc.record({ size: length, offset: length, count: length, sent: fc.integer({ min: 1, max: 64 }) });

describe("a receive writes the received bytes into its range and nowhere else", () => {
  const text = Uint8Array.from({ length: 64 }, (_value, index) => index + 1);

  test.each(["recv", "recvfrom"] as const)("%s", (name) => {
    const { key, address } = datagramSocket();
    const property = fc.property(ranges, ({ size, offset, count, sent }) => {
      fc.pre(offset + count <= size);
      kernel.sendto(...key, text, 0, sent, 0, address);
      const { view, expectIntact } = guarded(size);
      const written = Math.min(count, sent);
      const received =
        name === "recv"
          ? kernel.recv(...key, view, offset, count, 0)
          : kernel.recvfrom(...key, view, offset, count, 0, addressRoom());
      expect(received).toBe(written);
      expectIntact();
      const expected = new Uint8Array(size).fill(GUARD);
      expected.set(text.subarray(0, written), offset);
      expect([...view]).toEqual([...expected]);
    });
    fc.assert(property, { numRuns: 300 });
  });

  test("recvmsg, into several buffers", () => {
    const { key, address } = datagramSocket();
    const property = fc.property(fc.array(length, { maxLength: 6 }), fc.integer({ min: 1, max: 64 }), (sizes, sent) => {
      kernel.sendto(...key, text, 0, sent, 0, address);
      const rooms = sizes.map(guarded);
      const total = sizes.reduce((sum, size) => sum + size, 0);
      const views = rooms.map(({ view }) => view);
      expect(kernel.recvmsg(...key, views, 0, resultsRoom())).toBe(Math.min(total, sent));
      for (const { expectIntact } of rooms) expectIntact();
      const expected = new Uint8Array(total).fill(GUARD);
      expected.set(text.subarray(0, Math.min(total, sent)));
      expect([...Buffer.concat(views)]).toEqual([...expected]);
    });
    fc.assert(property, { numRuns: 300 });
  });

  test("a send sends exactly its range", () => {
    const [ours, peer] = pair(SOCK_DGRAM);
    const property = fc.property(ranges, ({ size, offset, count }) => {
      fc.pre(offset + count <= size);
      expect(kernel.send(...ours, text.subarray(0, size), offset, count, 0)).toBe(count);
      const room = new Uint8Array(128);
      expect(kernel.recv(...peer, room, 0, 128, 0)).toBe(count);
      expect([...room.subarray(0, count)]).toEqual([...text.subarray(offset, offset + count)]);
    });
    fc.assert(property, { numRuns: 300 });
  });
});

describe("an offset plus a length must be within the view", () => {
  const far = [2 ** 31, 2 ** 32 - 1, 2 ** 32, 2 ** 53 - 1, 2 ** 53, Number.MAX_VALUE];
  const outside = [
    ...[
      [17, 0],
      [0, 17],
      [16, 1],
      [1, 16],
      [8, 9],
      [-1, 1],
      [0, -1],
      [-1, 17],
    ],
    ...far.flatMap((large) => [
      [large, 0],
      [0, large],
      [large, large],
      [1, large],
      [large, 1],
      [-large, large],
    ]),
  ] as const;

  test.each(["recv", "send", "recvfrom", "sendto"] as const)("%s", (name) => {
    const [ours] = pair();
    for (const [offset, count] of outside) {
      const room = name === "sendto" ? new Uint8Array(16) : addressRoom();
      const values = [...ours, new Uint8Array(16), offset, count, 0, room];
      expect(() => Reflect.apply(kernel[name], kernel, values), `${offset}, ${count}`).toThrow(TypeError);
    }
  });
});

describe("an address is written as far as it fits, and its full length is reported", () => {
  test.each(Array.from({ length: 12 }, (_value, index) => index * 3))("with room for %i bytes", (capacity) => {
    const { key, address } = datagramSocket();
    for (const write of [
      (room: Uint8Array) => kernel.getsockname(...key, room),
      (room: Uint8Array) => kernel.recvfrom(...key, new Uint8Array(1), 0, 1, 0, room),
    ]) {
      kernel.sendto(...key, new Uint8Array(1), 0, 1, 0, address);
      const { view, expectIntact } = guarded(4 + capacity);
      expect(write(view)).toBeGreaterThanOrEqual(0);
      expectIntact();
      expect(new DataView(view.buffer, view.byteOffset).getInt32(0, true)).toBe(16);
      expect([...view.subarray(4, 4 + Math.min(16, capacity))]).toEqual([...address.subarray(0, capacity)]);
      expect(view.subarray(4 + 16).every((byte) => byte === GUARD)).toBe(true);
    }
  });

  test("accept and getpeername", () => {
    const listener = open(AF_UNIX);
    const name = new TextEncoder().encode(`\0sockwright-memory-${process.pid}`);
    const address = Uint8Array.from([AF_UNIX, 0, ...name]);
    expect(kernel.bind(...listener, address)).toBe(0);
    expect(kernel.listen(...listener, 5)).toBe(0);
    for (const capacity of [0, 1, 2, 10, address.length]) {
      const client = open(AF_UNIX);
      expect(kernel.connect(...client, address)).toBe(0);
      const { view: accepted, expectIntact: acceptIntact } = guarded(4 + capacity);
      closedAtTheEnd(kernel.accept(...listener, accepted));
      acceptIntact();
      const { view: peer, expectIntact: peerIntact } = guarded(4 + capacity);
      expect(kernel.getpeername(...client, peer)).toBe(0);
      peerIntact();
      expect([...peer.subarray(4)]).toEqual([...address.subarray(0, capacity)]);
    }
  });
});

test("control messages are written only as far as they fit", () => {
  const [ours, peer] = pair(SOCK_DGRAM);
  kernel.setsockopt(...peer, SOL_SOCKET, SO_PASSCRED, 1);
  for (let room = 0; room <= 48; room++) {
    kernel.send(...ours, new Uint8Array(1), 0, 1, 0);
    const control = guarded(room);
    const results = guarded(4 + 128 + 8);
    expect(kernel.recvmsg(...peer, [new Uint8Array(1)], 0, results.view, control.view)).toBe(1);
    control.expectIntact();
    results.expectIntact();
  }
});

test("an option is written only as far as it fits", () => {
  const key = open();
  for (let room = 0; room <= 16; room++) {
    const { view, expectIntact } = guarded(room);
    expect(kernel.getsockopt(...key, SOL_SOCKET, 3, view)).toBe(Math.min(room, 4));
    expectIntact();
    expect(view.subarray(4).every((byte) => byte === GUARD)).toBe(true);
  }
});

test("the bytes of an IP address are written only if all of them fit", () => {
  for (const [family, text, bytes] of [
    [AF_INET, "127.0.0.1", 4],
    [AF_INET6, "::1", 16],
  ] as const) {
    for (let room = 0; room <= 20; room++) {
      const { view, expectIntact } = guarded(room);
      expect(kernel.inet_pton(family, text, view)).toBe(room < bytes ? -97 : 1);
      expectIntact();
      expect(view.subarray(room < bytes ? 0 : bytes).every((byte) => byte === GUARD)).toBe(true);
      expect(kernel.inet_ntop(family, view)).toSatisfy((told) => (room === bytes ? told === text : told === -97));
    }
    expect(kernel.inet_pton(family, text.repeat(1000), new Uint8Array(16))).toBe(0);
    expect(kernel.inet_pton(family, "\ud800", new Uint8Array(16))).toBe(0);
  }
  expect(kernel.inet_ntop(AF_UNIX, new Uint8Array(16))).toBe(-97);
  expect(kernel.if_nametoindex("lo".repeat(10_000))).toBe(-19);
});

describe("a native call uses only the memory that a view really has", () => {
  test("a detached view has no bytes", () => {
    const [ours, peer] = pair();
    kernel.send(...peer, new Uint8Array(4), 0, 4, 0);
    const view = new Uint8Array(new ArrayBuffer(16), 8, 8);
    detach(view);
    for (const name of ["recv", "send"] as const) {
      expect(() => kernel[name](...ours, view, 0, 8, 0)).toThrow(TypeError);
      expect(() => kernel[name](...ours, view, 8, 0, 0)).toThrow(TypeError);
      expect(kernel[name](...ours, view, 0, 0, 0)).toBe(0);
    }
    expect(() => kernel.getsockname(...ours, view)).toThrow(TypeError);
    expect(() => kernel.recvmsg(...ours, [new Uint8Array(1)], 0, view)).toThrow(TypeError);
    expect(kernel.recvmsg(...ours, [view, new Uint8Array(1)], 0, resultsRoom(), view)).toBe(1);
    expect(kernel.sendmsg(...ours, [view, new Uint8Array(1)], 0, view, view)).toBe(1);
    expect(kernel.setsockopt(...ours, SOL_SOCKET, 2, view)).toBe(-22);
    expect(kernel.inet_ntop(AF_INET, view)).toBe(-97);
    expect(kernel.bind(...ours, view)).toBe(-22);
  });

  test("a fixed view beyond its resizable ArrayBuffer has no bytes; a length-tracking view has the bytes left", () => {
    const [ours, peer] = pair();
    const buffer = resizableBuffer(64, 1 << 20);
    const [fixed, following] = [new Uint8Array(buffer, 0, 64), new Uint8Array(buffer)];
    buffer.resize(1 << 20);
    buffer.resize(8);
    kernel.send(...peer, new Uint8Array(64).fill(1), 0, 64, 0);
    expect(() => kernel.recv(...ours, fixed, 0, 64, 0)).toThrow(TypeError);
    expect(kernel.recv(...ours, fixed, 0, 0, 0)).toBe(0);
    expect(() => kernel.recv(...ours, following, 0, 9, 0)).toThrow(TypeError);
    expect(kernel.recv(...ours, following, 0, 8, 0)).toBe(8);
    expect([...following]).toEqual(new Array(8).fill(1));
  });

  test("a call receives into shared memory", () => {
    const [ours, peer] = pair();
    const view = new Uint8Array(new SharedArrayBuffer(8));
    kernel.send(...peer, view.fill(7), 0, 8, 0);
    view.fill(0);
    expect(kernel.recv(...ours, view, 2, 4, 0)).toBe(4);
    expect([...view]).toEqual([0, 0, 7, 7, 7, 7, 0, 0]);
  });

  test("a subclass that overrides its length has only its real bytes", () => {
    const [ours] = pair();
    class Liar extends Uint8Array {
      override get length(): number {
        return 1e9;
      }
      override get byteLength(): number {
        return 1e9;
      }
    }
    expect(() => kernel.recv(...ours, new Liar(4), 0, 5, 0)).toThrow(TypeError);
    expect(kernel.recv(...ours, new Liar(4), 0, 4, 0)).toBe(EAGAIN);
  });
});
