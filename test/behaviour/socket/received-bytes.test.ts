// A Buffer that a receive returns contains only bytes that the kernel wrote in this call, or zeros: never the previous
// content of its memory. With MSG_TRUNC the kernel counts bytes that it does not write, recv(2), tcp(7).
import { afterEach, describe, expect, test, vi } from "vitest";
import {
  AF_INET,
  AF_INET6,
  AF_NETLINK,
  AF_UNIX,
  IP_RECVERR,
  IPPROTO_IP,
  MSG_ERRQUEUE,
  MSG_OOB,
  MSG_PEEK,
  MSG_TRUNC,
  SOCK_DGRAM,
  SOCK_RAW,
  SOCK_SEQPACKET,
  type Socket,
  socket,
} from "../../../src/index.ts";
import { kernel } from "../../../src/native/load.ts";
import { closeAtTheEnd, openDatagrams, recordPair, tcpPair, unixPair } from "../../support/sockets.ts";

afterEach(() => {
  vi.restoreAllMocks();
});

const KIB = 1024;
// From a slab, from the first and the second half of the scratch buffer, and with memory of its own.
const COUNTS = [100, 2 * KIB, 20 * KIB, 64 * KIB, 100 * KIB];
const SECRET = 0x53;
const DATA = 0x64;

/** Fills all memory that receives share with data that another socket received. */
async function fillSharedMemory(): Promise<void> {
  const [left, right] = unixPair();
  for (const [times, count] of [
    [20, 2 * KIB],
    [3, 64 * KIB],
  ] as const) {
    for (let time = 0; time < times; time++) {
      await left.sendall(Buffer.alloc(count, SECRET));
      // Small enough to keep the scratch buffer, and to write all of it.
      for (let got = 0; got < count; ) got += (await right.recv(Math.min(count - got, 32 * KIB))).length;
    }
  }
  await left.sendall(Buffer.alloc(64 * KIB, SECRET));
  for (let got = 0; got < 64 * KIB; ) got += (await right.recv(64 * KIB, { flags: MSG_PEEK })).length;
}

/** Expects every buffer that the kernel writes to to be empty. */
function expectEmptyRooms(): void {
  const isEmpty = (room: Uint8Array): boolean => room.every((byte) => byte === 0);
  const { recv, recvfrom, recvmsg } = kernel;
  vi.spyOn(kernel, "recv").mockImplementation((slot, generation, room, offset, length, flags) => {
    expect(isEmpty(room.subarray(offset, offset + length))).toBe(true);
    return recv(slot, generation, room, offset, length, flags);
  });
  vi.spyOn(kernel, "recvfrom").mockImplementation((slot, generation, room, offset, length, flags, address) => {
    expect(isEmpty(room.subarray(offset, offset + length))).toBe(true);
    return recvfrom(slot, generation, room, offset, length, flags, address);
  });
  vi.spyOn(kernel, "recvmsg").mockImplementation((slot, generation, rooms, flags, results, control) => {
    expect(rooms.every(isEmpty)).toBe(true);
    return recvmsg(slot, generation, rooms, flags, results, control);
  });
}

type Receive = (from: Socket<unknown>, count: number, flags: number) => Promise<Buffer>;

const receives: readonly [name: string, receive: Receive][] = [
  ["recv", (from, count, flags) => from.recv(count, { flags })],
  ["recvfrom", async (from, count, flags) => (await from.recvfrom(count, { flags }))[0]],
  ["recvmsg", async (from, count, flags) => (await from.recvmsg(count, { flags })).data],
];

/** Opens a socket that has received this number of bytes, in one record if the socket has records. */
type Filled = (bytes: number) => Promise<Socket<unknown>>;

const records: readonly [name: string, filled: Filled][] = [
  ["UDP", (bytes) => udp(AF_INET, bytes)],
  ["UDP over IPv6", (bytes) => udp(AF_INET6, bytes)],
  ["Unix datagrams", (bytes) => unixRecords(SOCK_DGRAM, bytes)],
  ["seqpacket", (bytes) => unixRecords(SOCK_SEQPACKET, bytes)],
  ["netlink", netlink],
];
const streams: readonly [name: string, filled: Filled][] = [
  ["TCP", tcp],
  ["a Unix stream", unixStream],
];

async function udp(family: number, bytes: number): Promise<Socket<unknown>> {
  const receiver = openDatagrams(family);
  await openDatagrams(family).sendto(Buffer.alloc(bytes, DATA), receiver.getsockname());
  await receiver.readable();
  return receiver;
}

async function unixRecords(type: typeof SOCK_DGRAM | typeof SOCK_SEQPACKET, bytes: number): Promise<Socket<unknown>> {
  const [left, right] = recordPair(type);
  await left.send(Buffer.alloc(bytes, DATA));
  return right;
}

/** netlink(7): one socket sends to the port id of the other. */
async function netlink(bytes: number): Promise<Socket<unknown>> {
  const NETLINK_USERSOCK = 2;
  const [left, right] = closeAtTheEnd(
    socket(AF_NETLINK, SOCK_RAW, NETLINK_USERSOCK),
    socket(AF_NETLINK, SOCK_RAW, NETLINK_USERSOCK),
  );
  right.bind({ family: AF_NETLINK, bytes: new Uint8Array(10) });
  await left.sendto(Buffer.alloc(bytes, DATA), right.getsockname());
  return right;
}

async function tcp(bytes: number): Promise<Socket<unknown>> {
  const [left, right] = await tcpPair();
  await left.sendall(Buffer.alloc(bytes, DATA));
  await right.readable();
  return right;
}

async function unixStream(bytes: number): Promise<Socket<unknown>> {
  const [left, right] = unixPair();
  await left.sendall(Buffer.alloc(bytes, DATA));
  return right;
}

const RECORD_BYTES = 30_000;

describe.each(receives)("%s", (_name, receive) => {
  describe.each(records)("from %s, with a record that is longer than requested", (_kind, filled) => {
    test.for([...COUNTS.map((count) => [count, MSG_TRUNC] as const), [4 * KIB, MSG_TRUNC | MSG_PEEK] as const])(
      "%i bytes with flags %i: only the bytes that were written",
      async ([count, flags]) => {
        const from = await filled(RECORD_BYTES);
        await fillSharedMemory();
        const data = await receive(from, count, flags);
        expect(data.equals(Buffer.alloc(Math.min(count, RECORD_BYTES), DATA))).toBe(true);
      },
    );
  });

  describe.each(streams)("from %s", (kind, filled) => {
    test.for(COUNTS)("%i bytes with MSG_TRUNC: zeros for the bytes that the kernel discarded", async (count) => {
      const from = await filled(5 * KIB);
      await fillSharedMemory();
      const data = await receive(from, count, MSG_TRUNC);
      expect(data.length).toBe(Math.min(count, 5 * KIB));
      expect(data.every((byte) => byte === (kind === "TCP" ? 0 : DATA))).toBe(true);
    });
  });

  test.for(COUNTS)("with MSG_TRUNC the kernel gets memory without old data: %i bytes", async (count) => {
    const from = await tcp(5 * KIB);
    await fillSharedMemory();
    expectEmptyRooms();
    await receive(from, count, MSG_TRUNC);
    expect.hasAssertions();
  });

  test("urgent data with MSG_TRUNC is counted but not written", async () => {
    const [left, right] = await tcpPair();
    await left.send("!", { flags: MSG_OOB });
    await fillSharedMemory();
    expect(await receive(right, 100, MSG_OOB | MSG_TRUNC)).toEqual(Buffer.alloc(1));
  });

  test("from the error queue: the data that was sent", async () => {
    const sender = openDatagrams();
    sender.setsockopt(IPPROTO_IP, IP_RECVERR, 1);
    const receiver = openDatagrams();
    const nobody = receiver.getsockname();
    receiver.close();
    await sender.sendto(Buffer.alloc(500, DATA), nobody);
    await fillSharedMemory();
    const data = await receive(sender, 100, MSG_ERRQUEUE | MSG_TRUNC);
    expect(data.equals(Buffer.alloc(100, DATA))).toBe(true);
  });
});

// recv(2): the result is that of C, since the memory is the caller's own.
describe("a receive into the caller's memory returns the full length of a truncated record", () => {
  test.for(records)("%s", async ([, filled]) => {
    const room = Buffer.alloc(10);
    const options = { flags: MSG_TRUNC };
    expect(await (await filled(100)).recv_into(room, options)).toBe(100);
    expect((await (await filled(100)).recvfrom_into(room, options))[0]).toBe(100);
    expect((await (await filled(100)).recvmsg_into([room], options)).bytes).toBe(100);
    expect((await filled(100)).tryRecv(room, MSG_TRUNC)).toBe(100);
  });

  test("and of a TCP stream the number of discarded bytes, with nothing written", async () => {
    const room = Buffer.alloc(10, ".");
    expect(await (await tcp(100)).recv_into(room, { flags: MSG_TRUNC })).toBe(10);
    expect(String(room)).toBe("..........");
  });
});

test.for(records)("recvmsg reports in its flags that a record of %s was truncated", async ([, filled]) => {
  const from = await filled(100);
  const { data, flags } = await from.recvmsg(10);
  expect([data.length, flags & MSG_TRUNC]).toEqual([10, MSG_TRUNC]);
});

test("an address that is longer than its room is read only up to the end of the room", async () => {
  const receiver = openDatagrams(AF_UNIX);
  await openDatagrams(AF_UNIX).sendto("x", receiver.getsockname());
  const { recvmsg } = kernel;
  vi.spyOn(kernel, "recvmsg").mockImplementation((slot, generation, rooms, flags, results, control) => {
    const result = recvmsg(slot, generation, rooms, flags, results, control);
    new DataView(results.buffer).setInt32(0, 1_000, true);
    return result;
  });
  const { address } = await receiver.recvmsg(10);
  expect(Buffer.from(address?.abstract ?? "").length).toBeLessThanOrEqual(125);
});
