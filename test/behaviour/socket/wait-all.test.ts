import { afterEach, describe, expect, test, vi } from "vitest";
import { AF_UNIX, MSG_PEEK, MSG_WAITALL, SOCK_SEQPACKET } from "../../../src/index.ts";
import { kernel } from "../../../src/native/load.ts";
import { openDatagrams, recordPair, resetTcp, tcpPair, unixPair } from "../../support/sockets.ts";
import { turnLoop } from "../poller/turns.ts";

afterEach(() => {
  vi.restoreAllMocks();
});

const ALL = { flags: MSG_WAITALL };

describe("a receive with MSG_WAITALL receives in a loop", () => {
  test("it returns exactly the requested number of bytes, from any number of pieces", async () => {
    const [left, right] = await tcpPair();
    const received = right.recv(10, ALL);
    for (const piece of ["0", "12", "3456", "789", "behind"]) {
      await left.sendall(piece);
      await turnLoop(3);
    }
    expect(String(await received)).toBe("0123456789");
    expect(String(await right.recv(1024))).toBe("behind");
  });

  test("into the caller's memory as well", async () => {
    const [left, right] = unixPair();
    const room = Buffer.alloc(6, ".");
    const received = right.recv_into(room, ALL);
    await left.sendall("abc");
    await turnLoop(3);
    await left.sendall("defghi");
    expect(await received).toBe(6);
    expect(String(room)).toBe("abcdef");
  });

  test("for more bytes than the kernel holds at once", async () => {
    const [left, right] = await tcpPair();
    const data = Buffer.alloc(8 * 1024 * 1024, "w");
    const [received] = await Promise.all([right.recv(data.length, ALL), left.sendall(data)]);
    expect(received.equals(data)).toBe(true);
  });

  test("it does not pass the flag to the kernel, where it would not wait", async () => {
    const [left, right] = unixPair();
    const recv = vi.spyOn(kernel, "recv");
    await left.sendall("hello");
    await right.recv(5, ALL);
    expect(recv.mock.calls.map((call) => (call[5] & MSG_WAITALL) === 0)).toEqual([true]);
  });

  test("it returns less only at the end of the stream", async () => {
    const [left, right] = unixPair();
    const received = right.recv(10, ALL);
    await left.sendall("short");
    left.close();
    expect(String(await received)).toBe("short");
    expect(await right.recv(10, ALL)).toHaveLength(0);
  });

  test("or if the connection fails, as in C: the next call reports the failure", async () => {
    const [left, right] = await tcpPair();
    const received = right.recv(10, ALL);
    await left.sendall("short");
    await turnLoop(3);
    resetTcp(left);
    expect(String(await received)).toBe("short");
    await expect(right.recv(10, ALL)).rejects.toMatchObject({ code: "ECONNRESET" });
  });

  test("no other call gets data between its pieces", async () => {
    const [left, right] = unixPair();
    const received = Promise.all([right.recv(6, ALL), right.recv(6, ALL), right.recv(1024)]);
    for (const piece of ["aaaa", "aabb", "bbbbc"]) {
      await left.sendall(piece);
      await turnLoop(3);
    }
    expect((await received).map(String)).toEqual(["aaaaaa", "bbbbbb", "c"]);
  });

  test("it returns one whole record, for which the flag has no effect", async () => {
    const [left, right] = recordPair(SOCK_SEQPACKET);
    await left.send("record");
    await left.send("next");
    expect(String(await right.recv(1024, ALL))).toBe("record");
    const datagrams = openDatagrams(AF_UNIX);
    await datagrams.sendto("datagram", datagrams.getsockname());
    expect(String((await datagrams.recvfrom(1024, ALL))[0])).toBe("datagram");
  });

  test("calls without a loop refuse the flag, and all calls refuse it with MSG_PEEK", async () => {
    const [left] = unixPair();
    const refused = { code: "ERR_INVALID_ARG_VALUE" };
    await expect(left.recvfrom(1, ALL)).rejects.toMatchObject(refused);
    await expect(left.recvfrom_into(Buffer.alloc(1), ALL)).rejects.toMatchObject(refused);
    await expect(left.recvmsg(1, ALL)).rejects.toMatchObject(refused);
    await expect(left.recvmsg_into([Buffer.alloc(1)], ALL)).rejects.toMatchObject(refused);
    await expect(left.recv(1, { flags: MSG_WAITALL | MSG_PEEK })).rejects.toMatchObject(refused);
  });
});

describe("an interrupted receive with MSG_WAITALL keeps the received data in error.received", () => {
  test("by a timeout", async () => {
    const [left, right] = unixPair();
    right.settimeout(10);
    const received = expect(right.recv(10, ALL)).rejects.toMatchObject({
      code: "ERR_SOCKWRIGHT_TIMEOUT",
      received: Buffer.from("hello"),
    });
    await left.sendall("hello");
    await received;
    right.settimeout(null);
    await left.sendall("the rest");
    expect(String(await right.recv(1024))).toBe("the rest");
  });

  test("by a signal, in the caller's own memory", async () => {
    const [left, right] = unixPair();
    const room = Buffer.alloc(10);
    const controller = new AbortController();
    const received = right.recv_into(room, { ...ALL, signal: controller.signal }).catch((error: unknown) => error);
    await left.sendall("hello");
    await turnLoop(3);
    controller.abort();
    const error = await received;
    expect(error).toMatchObject({ code: "ABORT_ERR", received: Buffer.from("hello") });
    expect(String(room.subarray(0, 5))).toBe("hello");
  });

  test("by a local close", async () => {
    const [left, right] = unixPair();
    const received = right.recv(10, ALL).catch((error: unknown) => error);
    await left.sendall("hello");
    await turnLoop(3);
    right.close();
    expect(await received).toMatchObject({ code: "ERR_SOCKWRIGHT_CLOSED", received: Buffer.from("hello") });
  });

  test("and error.received is empty if nothing has arrived", async () => {
    const [, right] = unixPair();
    right.settimeout(5);
    await expect(right.recv(10, ALL)).rejects.toMatchObject({
      code: "ERR_SOCKWRIGHT_TIMEOUT",
      received: Buffer.alloc(0),
    });
  });
});
