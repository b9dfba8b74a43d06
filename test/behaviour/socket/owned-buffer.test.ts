import { afterEach, describe, expect, test, vi } from "vitest";
import { AF_UNIX, SO_RCVBUF, SO_SNDBUF, SOL_SOCKET } from "../../../src/index.ts";
import { kernel } from "../../../src/native/load.ts";
import { openDatagrams, unixPair } from "../../support/sockets.ts";

afterEach(() => {
  vi.restoreAllMocks();
});

const KIB = 1024;

// Small receives share a slab, larger ones a scratch buffer, and beyond 64 KiB each receive has its own memory.
const counts = [1, 7, 2 * KIB, 2 * KIB + 1, 16 * KIB, 33 * KIB, 64 * KIB, 64 * KIB + 1, 200 * KIB];

describe("recv returns an owned Buffer", () => {
  test.for(counts)("a later receive of %i bytes does not change a Buffer that was returned before", async (count) => {
    const [left, right] = unixPair();
    const sent = Buffer.concat(Array.from({ length: 20 }, (_, round) => Buffer.alloc(count, round)));
    const sending = left.sendall(sent).then(() => left.close());
    const kept: Buffer[] = [];
    for (let chunk = await right.recv(count); chunk.length > 0; chunk = await right.recv(count)) kept.push(chunk);
    await sending;
    expect(Buffer.concat(kept).equals(sent)).toBe(true);
  });

  test("a write to one Buffer does not change another", async () => {
    const [left, right] = unixPair();
    const kept: Buffer[] = [];
    for (const count of counts) {
      await left.sendall(Buffer.alloc(Math.min(count, 100), "a"));
      kept.push(await right.recv(count));
    }
    for (const [index, buffer] of kept.entries()) buffer.fill(index);
    for (const [index, buffer] of kept.entries()) expect(buffer.every((byte) => byte === index)).toBe(true);
  });

  test("receives that had to wait return different Buffers", async () => {
    const [left, right] = unixPair();
    const [first, second] = [right.recv(10), right.recv(10)];
    await left.sendall("first");
    expect(String(await first)).toBe("first");
    await left.sendall("second");
    expect([String(await first), String(await second)]).toEqual(["first", "second"]);
  });

  test("recvfrom and recvmsg return owned Buffers as well", async () => {
    const socket = openDatagrams(AF_UNIX);
    const address = socket.getsockname();
    for (const text of ["first", "again", "third"]) await socket.sendto(text, address);
    const [first] = await socket.recvfrom(KIB);
    const { data: second } = await socket.recvmsg(KIB);
    const third = await socket.recv(KIB);
    expect([first, second, third].map(String)).toEqual(["first", "again", "third"]);
  });
});

describe("recv(n) above the 64 KiB scratch allocates n", () => {
  test("and can return more than 64 KiB at once", async () => {
    const [left, right] = unixPair();
    left.setsockopt(SOL_SOCKET, SO_SNDBUF, 1024 * KIB);
    const data = Buffer.alloc(300 * KIB, "d");
    await left.sendall(data);
    const recv = vi.spyOn(kernel, "recv");
    expect((await right.recv(1024 * KIB)).equals(data)).toBe(true);
    expect(recv.mock.calls.map(([, , room, , length]) => [room.length, length])).toEqual([[1024 * KIB, 1024 * KIB]]);
  });

  test("a large datagram arrives whole", async () => {
    const [left, right] = [openDatagrams(AF_UNIX), openDatagrams(AF_UNIX)];
    left.setsockopt(SOL_SOCKET, SO_SNDBUF, 1024 * KIB);
    right.setsockopt(SOL_SOCKET, SO_RCVBUF, 1024 * KIB);
    const data = Buffer.alloc(150 * KIB, "d");
    await left.sendto(data, right.getsockname());
    const [received] = await right.recvfrom(256 * KIB);
    expect(received.equals(data)).toBe(true);
  });
});

describe("recv_into copies nothing", () => {
  test.for([
    ["a Buffer", (memory: ArrayBuffer) => Buffer.from(memory, 8, 16)],
    ["a Uint16Array", (memory: ArrayBuffer) => new Uint16Array(memory, 8, 8)],
    ["a DataView", (memory: ArrayBuffer) => new DataView(memory, 8, 16)],
  ] as const)("the kernel writes into the memory of %s, and nowhere beside it", async ([, view]) => {
    const [left, right] = unixPair();
    await left.sendall("0123456789abcdefghij");
    const memory = new ArrayBuffer(32);
    const recv = vi.spyOn(kernel, "recv");
    expect(await right.recv_into(view(memory))).toBe(16);
    expect(recv.mock.lastCall?.[2].buffer).toBe(memory);
    expect(Buffer.from(memory).toString("latin1")).toBe(`${"\0".repeat(8)}0123456789abcdef${"\0".repeat(8)}`);
  });

  test("recvfrom_into and recvmsg_into fill the caller's memory", async () => {
    const [left, right] = unixPair();
    await left.sendall("one");
    const room = Buffer.alloc(4, ".");
    expect((await right.recvfrom_into(room))[0]).toBe(3);
    expect(String(room)).toBe("one.");
    await left.sendall("three");
    const [head, tail] = [Buffer.alloc(2), Buffer.alloc(8, ".")];
    expect((await right.recvmsg_into([head, tail])).bytes).toBe(5);
    expect([String(head), String(tail)]).toEqual(["th", "ree....."]);
  });

  test("a receive into an empty buffer takes no data", async () => {
    const [left, right] = unixPair();
    await left.sendall("hello");
    expect(await right.recv_into(Buffer.alloc(0))).toBe(0);
    expect(await right.recv(0)).toHaveLength(0);
    expect(String(await right.recv(KIB))).toBe("hello");
  });
});
