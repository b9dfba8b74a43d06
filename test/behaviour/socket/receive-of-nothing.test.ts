import { closeSync } from "node:fs";
import { describe, expect, test } from "vitest";
import {
  CMSG_SPACE,
  MSG_OOB,
  MSG_PEEK,
  MSG_WAITALL,
  SCM_RIGHTS,
  SOCK_DGRAM,
  SOCK_SEQPACKET,
  SOL_SOCKET,
  type Socket,
  WOULD_BLOCK,
} from "../../../src/index.ts";
import { memoryPair } from "../../../src/testing.ts";
import { openStream, recordPair, tcpPair, unixPair } from "../../support/sockets.ts";

const EMPTY = Buffer.alloc(0);

/** Every receive that requests no bytes, and its result. */
const CALLS: readonly [name: string, call: (peer: Socket) => Promise<unknown>, result: unknown][] = [
  ["recv", (peer) => peer.recv(0), EMPTY],
  ["recv with MSG_WAITALL", (peer) => peer.recv(0, { flags: MSG_WAITALL }), EMPTY],
  ["recv with MSG_PEEK", (peer) => peer.recv(0, { flags: MSG_PEEK }), EMPTY],
  ["recv_into", (peer) => peer.recv_into(EMPTY), 0],
  ["recv_into with MSG_WAITALL", (peer) => peer.recv_into(EMPTY, { flags: MSG_WAITALL }), 0],
  ["recvfrom", (peer) => peer.recvfrom(0), [EMPTY, undefined]],
  ["recvfrom_into", (peer) => peer.recvfrom_into(EMPTY), [0, undefined]],
  ["recvmsg", (peer) => peer.recvmsg(0), { data: EMPTY, control: [], flags: 0, address: undefined }],
  ["recvmsg_into", (peer) => peer.recvmsg_into([]), { bytes: 0, control: [], flags: 0, address: undefined }],
  ["tryRecv", async (peer) => peer.tryRecv(EMPTY), 0],
];

describe("a receive of no bytes from a stream ends at once, even if no data has arrived", () => {
  describe.each(CALLS)("%s", (_name, call, result) => {
    test("over TCP and over a Unix socket", async () => {
      for (const [, peer] of [await tcpPair(), unixPair()]) expect(await call(peer)).toEqual(result);
    });

    test("on a non-blocking socket and on an unconnected one", async () => {
      const [, peer] = unixPair();
      peer.setblocking(false);
      expect(await call(peer)).toEqual(result);
      expect(await call(openStream())).toEqual(result);
    });

    test("while another receive waits, whose data it does not take", async () => {
      const [ours, peer] = unixPair();
      const waiting = peer.recv(16);
      expect(await call(peer)).toEqual(result);
      await ours.sendall("hello");
      expect(String(await waiting)).toBe("hello");
    });

    test("on a closed socket it rejects like any other call", async () => {
      const [, peer] = unixPair();
      peer.close();
      await expect(call(peer)).rejects.toMatchObject({ code: "ERR_SOCKWRIGHT_CLOSED" });
    });
  });

  test("an aborted signal rejects it like any other call", async () => {
    const [, peer] = unixPair();
    await expect(peer.recv(0, { signal: AbortSignal.abort() })).rejects.toMatchObject({ name: "AbortError" });
  });
});

describe("a receive of no bytes makes a system call if it can receive something else than bytes", () => {
  test.each([SOCK_DGRAM, SOCK_SEQPACKET] as const)("a record, which it takes (type %d)", async (type) => {
    const [ours, peer] = recordPair(type);
    expect(peer.tryRecv(EMPTY)).toBe(WOULD_BLOCK);
    const taken = peer.recv(0);
    await ours.send("first");
    await ours.send("second");
    expect(await taken).toHaveLength(0);
    expect(String(await peer.recv(16))).toBe("second");
  });

  test("a control message of a Unix stream", async () => {
    const [ours, peer] = unixPair();
    const received = peer.recvmsg(0, { control: CMSG_SPACE(4) });
    const data = Buffer.from(Int32Array.of(0).buffer);
    await ours.sendmsg(["x"], { control: [{ level: SOL_SOCKET, type: SCM_RIGHTS, data }] });
    const { data: nothing, control } = await received;
    for (const { data: rights } of control) closeSync(Buffer.from(rights).readInt32LE());
    expect([nothing.length, control.length]).toEqual([0, 1]);
    expect(String(await peer.recv(1))).toBe("x");
  });

  test("urgent data, if there is none", async () => {
    const [, peer] = await tcpPair();
    await expect(peer.recv(0, { flags: MSG_OOB })).rejects.toMatchObject({ code: "EINVAL" });
  });
});

test("readExactly of no bytes on a connection ends at once, and read of no bytes is refused", async () => {
  const { client, server } = memoryPair();
  expect(await client.readExactly(0)).toHaveLength(0);
  await expect(client.read(0)).rejects.toMatchObject({ code: "ERR_OUT_OF_RANGE" });
  await Promise.all([client.close(), server.close()]);
});
