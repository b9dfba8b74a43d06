import { afterEach, describe, expect, test, vi } from "vitest";
import { AF_UNIX, MSG_DONTWAIT, MSG_PEEK, SOCK_SEQPACKET, WOULD_BLOCK } from "../../../src/index.ts";
import { kernel } from "../../../src/native/load.ts";
import { fill } from "../../support/full.ts";
import { openDatagrams, openStream, recordPair, resetTcp, tcpPair, unixPair } from "../../support/sockets.ts";

afterEach(() => {
  vi.restoreAllMocks();
});

describe("tryRecv makes one attempt and returns a value or WOULD_BLOCK", () => {
  test("the number of bytes in the caller's memory", () => {
    const [left, right] = unixPair();
    left.trySend("hello");
    const room = Buffer.alloc(4);
    const recv = vi.spyOn(kernel, "recv");
    expect(right.tryRecv(room)).toBe(4);
    expect(String(room)).toBe("hell");
    expect(right.tryRecv(room)).toBe(1);
    expect(right.tryRecv(room)).toBe(WOULD_BLOCK);
    expect(recv).toHaveBeenCalledTimes(3);
  });

  test("0 at the end of a stream, every time", () => {
    const [left, right] = unixPair();
    left.close();
    expect([right.tryRecv(Buffer.alloc(4)), right.tryRecv(Buffer.alloc(4))]).toEqual([0, 0]);
  });

  test("0 for an empty datagram, and WOULD_BLOCK after it", async () => {
    const socket = openDatagrams(AF_UNIX);
    await socket.sendto("", socket.getsockname());
    expect(socket.tryRecv(Buffer.alloc(4))).toBe(0);
    expect(socket.tryRecv(Buffer.alloc(4))).toBe(WOULD_BLOCK);
  });

  test("accepts flags", () => {
    const [left, right] = unixPair();
    left.trySend("hello", MSG_DONTWAIT);
    const room = Buffer.alloc(5);
    expect(right.tryRecv(room, MSG_PEEK)).toBe(5);
    expect(right.tryRecv(room)).toBe(5);
  });

  test("throws the error of the system call", async () => {
    const [left, right] = await tcpPair();
    resetTcp(right);
    await left.readable();
    expect(() => left.tryRecv(Buffer.alloc(4))).toThrow(
      expect.objectContaining({ code: "ECONNRESET", syscall: "recv" }),
    );
    expect(() => openStream().tryRecv(Buffer.alloc(4))).toThrow(expect.objectContaining({ code: "ENOTCONN" }));
  });
});

describe("trySend makes one attempt and returns a value or WOULD_BLOCK", () => {
  test("the number of bytes that the kernel took, or WOULD_BLOCK if it took none", () => {
    const [left] = unixPair();
    const send = vi.spyOn(kernel, "send");
    const taken = left.trySend(Buffer.alloc(16 * 1024 * 1024));
    expect(taken).toBeGreaterThan(0);
    expect(taken).toBeLessThan(16 * 1024 * 1024);
    fill(left);
    send.mockClear();
    expect(left.trySend("x")).toBe(WOULD_BLOCK);
    expect(send).toHaveBeenCalledTimes(1);
  });

  test("sends text as UTF-8, and exactly the bytes of a view", () => {
    const [left, right] = recordPair(SOCK_SEQPACKET);
    const room = Buffer.alloc(16);
    expect(left.trySend("héllo")).toBe(6);
    expect(room.toString("utf8", 0, Number(right.tryRecv(room)))).toBe("héllo");
    expect(left.trySend(new Uint16Array([0x6161, 0x6262, 0x6363]).subarray(1, 2))).toBe(2);
    expect(room.toString("utf8", 0, Number(right.tryRecv(room)))).toBe("bb");
  });

  test("throws the error of the system call, and raises no signal", () => {
    const [left, right] = unixPair();
    right.close();
    expect(() => left.trySend("x")).toThrow(expect.objectContaining({ code: "EPIPE", syscall: "send" }));
  });
});

describe("readable() and writable()", () => {
  test("a loop of readable, tryRecv and trySend works as an echo", async () => {
    const [ours, peer] = await tcpPair();
    const echo = (async () => {
      const room = Buffer.alloc(1024);
      for (;;) {
        const count = ours.tryRecv(room);
        if (count === WOULD_BLOCK) await ours.readable();
        else if (count === 0) return ours.close();
        else if (ours.trySend(room.subarray(0, count)) !== count) throw new Error("the peer does not read");
      }
    })();
    for (const text of ["one", "two", "three"]) {
      await peer.sendall(text);
      expect(String(await peer.recv(1024))).toBe(text);
    }
    peer.shutdown(1);
    await echo;
    expect(await peer.recv(1)).toHaveLength(0);
  });

  test("resolve at the end of the stream and at an error as well", async () => {
    const [left, right] = await tcpPair();
    resetTcp(right);
    await left.readable();
    await left.writable();
    expect(() => left.tryRecv(Buffer.alloc(1))).toThrow(expect.objectContaining({ code: "ECONNRESET" }));
  });

  test("take no data: the next receive gets all of it", async () => {
    const [left, right] = unixPair();
    const ready = right.readable();
    await left.sendall("hello");
    await ready;
    await right.readable();
    expect(String(await right.recv(1024))).toBe("hello");
  });
});
