// send_fds and recv_fds: descriptors pass over Unix sockets, and none is lost or left open.

import { closeSync, fstatSync, openSync, readFileSync, readSync, writeSync } from "node:fs";
import { describe, expect, onTestFinished, test } from "vitest";
import {
  AF_INET,
  AF_UNIX,
  adopt,
  MSG_CTRUNC,
  MSG_DONTWAIT,
  MSG_PEEK,
  MSG_WAITALL,
  recv_fds,
  SO_PASSCRED,
  SOCK_DGRAM,
  SOCK_SEQPACKET,
  SOCK_STREAM,
  SOL_SOCKET,
  type Socket,
  send_fds,
  socketpair,
} from "../../../src/index.ts";
import { MAX_PASSED_DESCRIPTORS } from "../../../src/socket/passed-descriptors.ts";
import { fill } from "../../support/full.ts";
import { openDescriptors } from "../../support/open-descriptors.ts";
import { closeAtTheEnd, openDatagrams, openStream, unixPair } from "../../support/sockets.ts";

/** Defined in socket.h. The library has no such constant, since no send supports it. */
const MSG_ZEROCOPY = 0x4000000;

const kinds = [
  ["a stream", SOCK_STREAM],
  ["datagrams", SOCK_DGRAM],
  ["seqpacket", SOCK_SEQPACKET],
] as const;

function pairOf(type: number): readonly [Socket<unknown>, Socket<unknown>] {
  return closeAtTheEnd(...socketpair(AF_UNIX, type));
}

/** Open files, closed when the test ends. */
function files(count: number): number[] {
  const opened = Array.from({ length: count }, () => openSync("/dev/null", "r"));
  onTestFinished(() => opened.forEach((each) => void closeSync(each)));
  return opened;
}

function closeAll(descriptors: readonly number[]): void {
  for (const each of descriptors) closeSync(each);
}

const CLOEXEC = 0o2000000;
function isClosedAtExec(descriptor: number): boolean {
  const flags = /^flags:\s+(\d+)$/m.exec(readFileSync(`/proc/self/fdinfo/${descriptor}`, "utf8"))?.[1];
  return (Number.parseInt(flags ?? "0", 8) & CLOEXEC) !== 0;
}

describe.each(kinds)("over %s", (_, type) => {
  test.for([1, 2, 3, MAX_PASSED_DESCRIPTORS])(
    "%d descriptors pass; the received ones are open, close-on-exec and new",
    async (count) => {
      const [left, right] = pairOf(type);
      const sent = files(count);
      expect(await send_fds(left, ["some ", Buffer.from("data")], sent)).toBe(9);
      const { data, fds, flags, address } = await recv_fds(right, 100, count);
      onTestFinished(() => closeAll(fds));
      expect([String(data), fds.length, flags]).toEqual(["some data", count, 0]);
      expect(address === undefined || address.path === "").toBe(true);
      const [first = 0] = sent;
      for (const each of fds) {
        expect(sent).not.toContain(each);
        expect(fstatSync(each).rdev).toBe(fstatSync(first).rdev);
        expect(isClosedAtExec(each)).toBe(true);
      }
    },
  );

  test.for([1, 2, 3])("with room for %d of five, the rest is closed and flags has MSG_CTRUNC", async (room) => {
    const [left, right] = pairOf(type);
    await send_fds(left, ["x"], files(5));
    const before = openDescriptors();
    const { fds, flags } = await recv_fds(right, 100, room);
    expect([fds.length, flags & MSG_CTRUNC]).toEqual([room, MSG_CTRUNC]);
    expect(openDescriptors()).toBe(before + room);
    closeAll(fds);
  });

  test("without room for descriptors the data arrives alone, and no descriptor stays open", async () => {
    const [left, right] = pairOf(type);
    await send_fds(left, ["x"], files(2));
    const before = openDescriptors();
    expect(await recv_fds(right, 100, 0)).toMatchObject({ fds: [], flags: MSG_CTRUNC });
    expect(openDescriptors()).toBe(before);
  });

  test("credentials take no room from the descriptors", async () => {
    const [left, right] = pairOf(type);
    right.setsockopt(SOL_SOCKET, SO_PASSCRED, 1);
    await send_fds(left, ["x"], files(2));
    const { fds, flags } = await recv_fds(right, 100, 2);
    closeAll(fds);
    expect([fds.length, flags & MSG_CTRUNC]).toEqual([2, 0]);
  });

  test("a message without descriptors works like any other", async () => {
    const [left, right] = pairOf(type);
    expect(await send_fds(left, ["plain"], [])).toBe(5);
    expect(await recv_fds(right, 100, 8)).toMatchObject({ data: Buffer.from("plain"), fds: [], flags: 0 });
  });

  test("a peek returns duplicates, and the next receive returns the descriptors again", async () => {
    const [left, right] = pairOf(type);
    await send_fds(left, ["x"], files(1));
    for (const flags of [MSG_PEEK, 0]) {
      const { data, fds } = await recv_fds(right, 100, 1, flags);
      closeAll(fds);
      expect([String(data), fds.length]).toEqual(["x", 1]);
    }
  });

  test("a receive that ends early takes nothing: the next one gets everything", async () => {
    const [left, right] = pairOf(type);
    right.settimeout(1);
    await expect(recv_fds(right, 100, 1)).rejects.toMatchObject({ code: "ERR_SOCKWRIGHT_TIMEOUT" });
    right.settimeout(null);
    const controller = new AbortController();
    const cancelled = recv_fds(right, 100, 1, 0, { signal: controller.signal });
    controller.abort();
    await expect(cancelled).rejects.toMatchObject({ code: "ABORT_ERR" });
    await expect(recv_fds(right, 100, 1, MSG_DONTWAIT)).rejects.toMatchObject({ code: "EAGAIN" });
    await send_fds(left, ["x"], files(1));
    const { fds } = await recv_fds(right, 100, 1);
    closeAll(fds);
    expect(fds).toHaveLength(1);
  });
});

test("a Socket can be passed: its pending sends leave first, and the receiver can adopt it", async () => {
  const [left, right] = unixPair();
  const [ours, theirs] = unixPair();
  const before = theirs.sendall("from its first owner, ");
  await send_fds(left, ["x"], [theirs]);
  const { fds } = await recv_fds(right, 100, 1);
  const [taken] = closeAtTheEnd(...fds.map((each) => adopt(each)));
  await before;
  await taken?.sendall("from its second");
  theirs.close();
  taken?.close();
  let all = "";
  for await (const chunk of ours) all += chunk;
  expect(all).toBe("from its first owner, from its second");
});

test("send_fds to an address, from a datagram socket", async () => {
  const [sender, receiver] = [openDatagrams(AF_UNIX), openDatagrams(AF_UNIX)];
  await send_fds(sender, ["x"], files(1), 0, receiver.getsockname());
  const { fds, address } = await recv_fds(receiver, 100, 1);
  closeAll(fds);
  expect(address).toEqual(sender.getsockname());
  expect(fds).toHaveLength(1);
});

test("while send_fds waits for room, the descriptors can be closed and their numbers reused", async () => {
  const [left, right] = unixPair();
  fill(left);
  const file = openSync("/dev/zero", "r");
  const sending = send_fds(left, ["!"], [file]);
  closeSync(file);
  // The next open gets the same number.
  const other = openSync("/dev/null", "r");
  onTestFinished(() => closeSync(other));
  expect(other).toBe(file);
  const fds: number[] = [];
  for (let all = ""; !all.endsWith("!"); ) {
    const message = await recv_fds(right, 65_536, 4);
    all = String(message.data);
    fds.push(...message.fds);
  }
  expect(await sending).toBe(1);
  const [zero = -1] = fds;
  const byte = Buffer.from("x");
  expect([fds.length, readSync(zero, byte), byte[0]]).toEqual([1, 1, 0]);
  closeAll(fds);
});

test.for([
  ["an abort", (controller: AbortController, _left: Socket) => controller.abort(), "ABORT_ERR"],
  ["a close", (_controller: AbortController, left: Socket) => left.close(), "ERR_SOCKWRIGHT_CLOSED"],
] as const)("%s while it waits for room leaves nothing open", async ([, end, code]) => {
  const [left] = unixPair();
  fill(left);
  const sent = files(3);
  const before = openDescriptors();
  const controller = new AbortController();
  const sending = send_fds(left, ["x"], sent, 0, undefined, { signal: controller.signal });
  expect(openDescriptors()).toBe(before + 3);
  end(controller, left);
  await expect(sending).rejects.toMatchObject({ code });
  expect(openDescriptors()).toBe(before - (left.closed ? 1 : 0));
});

describe("a refused call sends nothing", () => {
  test.for([[2 ** 30], [0, 2 ** 31 - 1]])("%j is not a descriptor: EBADF, also if the call would wait", async (fds) => {
    const [left, right] = unixPair();
    const bad = { code: "EBADF", syscall: "sendmsg" };
    await expect(send_fds(left, ["x"], fds)).rejects.toMatchObject(bad);
    await left.send("y");
    expect(String(await right.recv(100))).toBe("y");
    fill(left);
    await expect(send_fds(left, ["x"], fds)).rejects.toMatchObject(bad);
  });

  test("a closed socket as a descriptor", async () => {
    const [left, right] = unixPair();
    right.close();
    const [other] = unixPair();
    await expect(send_fds(other, ["x"], [left, right])).rejects.toMatchObject({ code: "ERR_SOCKWRIGHT_CLOSED" });
  });

  test("no byte over a stream, which would lose the descriptors", async () => {
    const [left] = unixPair();
    for (const buffers of [[], [""], [Buffer.alloc(0), ""]])
      await expect(send_fds(left, buffers, files(1))).rejects.toMatchObject({
        code: "ERR_INVALID_ARG_VALUE",
        message: expect.stringContaining("'buffers'"),
      });
  });

  test("a socket of another family, which would lose the descriptors", async () => {
    for (const each of [openStream(AF_INET), openDatagrams(AF_INET)])
      await expect(send_fds(each, ["x"], files(1))).rejects.toMatchObject({
        code: "ERR_INVALID_ARG_VALUE",
        message: expect.stringContaining("'socket'"),
      });
  });

  test.for([
    ["send_fds", () => send_fds(unixPair()[0], ["x"], [], MSG_ZEROCOPY)],
    ["recv_fds", () => recv_fds(unixPair()[0], 1, 1, MSG_WAITALL)],
  ] as const)("flags that %s does not support", async ([, call]) => {
    const refused = { code: "ERR_INVALID_ARG_VALUE", message: expect.stringContaining("'flags'") };
    await expect(call()).rejects.toMatchObject(refused);
  });

  test("a closed socket", async () => {
    const [left] = unixPair();
    left.close();
    const closed = { code: "ERR_SOCKWRIGHT_CLOSED" };
    await expect(send_fds(left, ["x"], [0])).rejects.toMatchObject(closed);
    await expect(recv_fds(left, 1, 1)).rejects.toMatchObject(closed);
  });
});

test("the end of the stream has no descriptors", async () => {
  const [left, right] = unixPair();
  left.close();
  expect(await recv_fds(right, 100, 4)).toMatchObject({ data: Buffer.alloc(0), fds: [] });
});

test("a write to a received descriptor reaches the peer of the original socket", async () => {
  const [left, right] = unixPair();
  const [ours, theirs] = unixPair();
  await send_fds(left, ["x"], [theirs.fileno()]);
  const { fds } = await recv_fds(right, 1, 1);
  for (const each of fds) {
    writeSync(each, "through the number");
    closeSync(each);
  }
  expect(String(await ours.recv(100))).toBe("through the number");
});
