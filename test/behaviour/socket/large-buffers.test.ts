// One call moves at most MAX_RW_COUNT bytes, read(2). A Buffer of 2^31 bytes or more works like any other.
import { describe, expect, test } from "vitest";
import { AF_UNIX, MSG_WAITALL, SOCK_DGRAM, socketpair } from "../../../src/index.ts";
import { kernel } from "../../../src/native/load.ts";
import { framed, MAX_TRANSFER_BYTES } from "../../../src/native/transfer-frame.ts";
import { closeAtTheEnd, tcpPair, unixPair } from "../../support/sockets.ts";

// The test never touches all of it, so it costs address space and no memory.
const large = Buffer.alloc(2 ** 31 + 10);

describe("a Buffer of 2^31 bytes or more", () => {
  test("can be sent: send, sendmsg, trySend and sendall send what the kernel takes", async () => {
    const [left, right] = unixPair();
    let sent = left.trySend(large);
    expect(sent).toBeGreaterThan(0);
    for (const send of [() => left.send(large), () => left.sendmsg([large, large])]) {
      await right.recv(Number(sent), { flags: MSG_WAITALL });
      sent = await send();
      expect(sent).toBeGreaterThan(0);
    }
    await right.recv(Number(sent), { flags: MSG_WAITALL });
    const controller = new AbortController();
    const sending = left.sendall(large, { signal: controller.signal }).catch((error: unknown) => error);
    const got = await right.recv(1_000_000, { flags: MSG_WAITALL });
    expect(got.length).toBe(1_000_000);
    controller.abort();
    expect(await sending).toMatchObject({ name: "AbortError", bytesSent: expect.any(Number) });
  });

  test("can receive: recv_into, recvfrom_into, recvmsg_into, tryRecv", async () => {
    const [left, right] = await tcpPair();
    for (const receive of [
      () => right.recv_into(large),
      () => right.recvfrom_into(large).then(([bytes]) => bytes),
      () => right.recvmsg_into([large, large]).then(({ bytes }) => bytes),
      async () => right.tryRecv(large),
    ]) {
      await left.sendall("hello");
      await right.readable();
      expect(await receive()).toBe(5);
      expect(large.toString("latin1", 0, 5)).toBe("hello");
    }
  });

  test("can receive with MSG_WAITALL until the end of the stream", async () => {
    const [left, right] = unixPair();
    const received = right.recv_into(large, { flags: MSG_WAITALL });
    await left.sendall("hello");
    left.close();
    expect(await received).toBe(5);
  });

  test("is too long for a record: the kernel returns EMSGSIZE", async () => {
    const [left] = closeAtTheEnd(...socketpair(AF_UNIX, SOCK_DGRAM));
    await expect(left.send(large)).rejects.toMatchObject({ code: "EMSGSIZE" });
  });
});

describe("a range that begins or ends beyond the limit of an int32", () => {
  test.for([
    [0, large.length, 0, MAX_TRANSFER_BYTES],
    [large.length - 7, 7, large.length - 7, 7],
    [MAX_TRANSFER_BYTES + 1, 1, MAX_TRANSFER_BYTES + 1, 1],
    [5, MAX_TRANSFER_BYTES, 5, MAX_TRANSFER_BYTES],
    [5, MAX_TRANSFER_BYTES + 1, 5, MAX_TRANSFER_BYTES],
  ] as const)("offset %i, length %i: the addon gets offset %i, length %i", ([offset, length, from, count]) => {
    const seen: number[][] = [];
    const transferFrame = new Int32Array(6);
    const note = (bytes: Uint8Array): void => {
      const [, , at = 0, most = 0] = transferFrame;
      seen.push([bytes.byteOffset - large.byteOffset + at, most]);
      transferFrame[5] = most;
    };
    const calls = framed({ ...kernel, transferFrame, recv: note, send: note });
    expect(calls.recv(1, 2, large, offset, length, 0)).toBe(count);
    expect(calls.send(1, 2, large, offset, length, 0)).toBe(count);
    expect(seen).toEqual([
      [from, count],
      [from, count],
    ]);
  });

  test("a range outside the memory is refused", () => {
    const calls = framed({ ...kernel, transferFrame: new Int32Array(6), recv: () => {}, send: () => {} });
    expect(() => calls.recv(1, 2, large, 0, 2 ** 32, 0)).toThrow(TypeError);
    expect(() => calls.send(1, 2, large, 2 ** 32, 1, 0)).toThrow(TypeError);
  });
});
