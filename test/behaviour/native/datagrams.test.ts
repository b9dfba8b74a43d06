// recvmmsg and sendmmsg of the addon: one call transfers many datagrams of one socket.
import { constants } from "node:os";
import { describe, expect, test } from "vitest";
import { MAX_DATAGRAMS } from "../../../src/native/kernel.ts";
import { kernel } from "../../../src/native/load.ts";
import { AF_INET6, AF_UNIX, SO_SNDBUF, SOCK_DGRAM, SOCK_STREAM, SOL_SOCKET } from "../../../src/socket/constants.ts";
import { addressRoom, datagramSocket, type Key, loopback, open, pair } from "./descriptors.ts";

const { EAGAIN, EBADF, EINVAL, EMSGSIZE, EPIPE } = constants.errno;
const ADDRESS_BYTES = 128;

/** Receives up to `count` datagrams into pieces of `bytes` bytes each. */
function receive(key: Key, count: number, bytes: number) {
  const memory = new Uint8Array(count * bytes);
  const addresses = new Uint8Array(count * ADDRESS_BYTES);
  const results = new Int32Array(2 * count).fill(-1);
  const received = kernel.recvmmsg(...key, memory, addresses, results, count, bytes);
  const datagrams = Array.from({ length: Math.max(0, received) }, (_, index) => {
    const [length = 0, addressLength = 0] = results.subarray(2 * index);
    const piece = memory.subarray(index * bytes, (index + 1) * bytes);
    const from = index * ADDRESS_BYTES;
    return {
      length,
      text: Buffer.from(piece.subarray(0, length)).toString(),
      address: addresses.slice(from, from + addressLength),
    };
  });
  return { received, datagrams, memory, results };
}

/** Sends each message to its address. */
function send(key: Key, ...messages: readonly (readonly [data: string | Uint8Array, address: Uint8Array])[]): number {
  const data = messages.map(([bytes]) => Buffer.from(bytes));
  const addresses = messages.map(([, address]) => Buffer.from(address));
  const numbers = messages.flatMap((_, index) => [
    Buffer.concat(data.slice(0, index)).length,
    data[index]?.length ?? 0,
    Buffer.concat(addresses.slice(0, index)).length,
    addresses[index]?.length ?? 0,
  ]);
  const [memory, places] = [Buffer.concat(data), Buffer.concat(addresses)];
  return kernel.sendmmsg(...key, memory, places, Int32Array.from(numbers), messages.length);
}

function nameOf(key: Key): Uint8Array {
  const room = addressRoom();
  expect(kernel.getsockname(...key, room)).toBe(0);
  return room.slice(4, 4 + new DataView(room.buffer).getInt32(0, true));
}

function bound(family: number, address: Uint8Array): { key: Key; address: Uint8Array } {
  const key = open(family, SOCK_DGRAM);
  expect(kernel.bind(...key, address)).toBe(0);
  return { key, address: nameOf(key) };
}

const LOOPBACK_6 = Uint8Array.from([AF_INET6, 0, ...new Array(21).fill(0), 1, 0, 0, 0, 0]);
/** bind(2) with only the family: the kernel chooses an abstract name, unix(7). */
const ANY_NAME = Uint8Array.of(AF_UNIX, 0);

describe.each([
  ["IPv4", () => datagramSocket()],
  ["IPv6", () => bound(AF_INET6, LOOPBACK_6)],
  ["Unix", () => bound(AF_UNIX, ANY_NAME)],
])("%s", (_name, make) => {
  test("one call receives datagrams of several senders, each whole and with its address", () => {
    const server = make();
    const clients = [make(), make(), make()];
    for (const [index, { key }] of clients.entries()) {
      expect(send(key, [`one of ${index}`, server.address], ["", server.address])).toBe(2);
    }
    const { received, datagrams } = receive(server.key, MAX_DATAGRAMS, 64);
    expect(received).toBe(6);
    const expected = clients.flatMap(({ address }, index) => [
      { length: 8, text: `one of ${index}`, address },
      { length: 0, text: "", address },
    ]);
    expect(datagrams).toEqual(expected);
  });

  test("one call sends datagrams to several addresses", () => {
    const server = make();
    const clients = [make(), make()];
    const answers = clients.map(({ address }, index) => [`for ${index}`, address] as const);
    expect(send(server.key, ...answers)).toBe(2);
    expect(clients.map(({ key }) => receive(key, 4, 64).datagrams)).toEqual([
      [{ length: 5, text: "for 0", address: server.address }],
      [{ length: 5, text: "for 1", address: server.address }],
    ]);
  });

  test("a call receives no more datagrams than requested, and writes nothing beyond them", () => {
    const server = make();
    const { key } = make();
    expect(send(key, ["a", server.address], ["b", server.address], ["c", server.address])).toBe(3);
    const { received, memory, results } = receive(server.key, 2, 8);
    expect(received).toBe(2);
    expect([...memory]).toEqual([97, 0, 0, 0, 0, 0, 0, 0, 98, 0, 0, 0, 0, 0, 0, 0]);
    expect(results).toHaveLength(4);
    expect(receive(server.key, 2, 8).datagrams.map(({ text }) => text)).toEqual(["c"]);
    expect(receive(server.key, 2, 8)).toMatchObject({ received: -EAGAIN, results: Int32Array.of(-1, -1, -1, -1) });
  });

  test("a datagram that is longer than its piece is truncated, and its full length is returned", () => {
    const server = make();
    const { key } = make();
    expect(send(key, ["0123456789", server.address], ["next", server.address])).toBe(2);
    const { datagrams, memory } = receive(server.key, 2, 4);
    expect(datagrams.map(({ length }) => length)).toEqual([10, 4]);
    expect(Buffer.from(memory).toString()).toBe("0123next");
  });
});

test("a datagram of UDP's maximum length is transferred whole, and a longer one is EMSGSIZE", () => {
  const { key, address } = datagramSocket();
  const longest = Buffer.alloc(65_507, "x");
  expect(send(key, [longest, address])).toBe(1);
  const { datagrams } = receive(key, 2, 64 * 1024);
  expect(datagrams).toEqual([{ length: 65_507, text: longest.toString(), address }]);
  expect(send(key, [Buffer.alloc(65_508), address], ["behind", address])).toBe(-EMSGSIZE);
  expect(receive(key, 2, 64)).toMatchObject({ received: -EAGAIN });
});

test("an unnamed Unix sender has no address", () => {
  const server = bound(AF_UNIX, ANY_NAME);
  expect(send(open(AF_UNIX, SOCK_DGRAM), ["hello", server.address])).toBe(1);
  expect(receive(server.key, 1, 8).datagrams).toEqual([{ length: 5, text: "hello", address: new Uint8Array(0) }]);
});

test("a message without an address goes to the connected peer", () => {
  const [ours, peer] = pair(SOCK_DGRAM);
  expect(send(ours, ["one", new Uint8Array(0)], ["two", new Uint8Array(0)])).toBe(2);
  expect(receive(peer, 4, 8).datagrams.map(({ text }) => text)).toEqual(["one", "two"]);
});

test("sendmmsg stops at the first failure: it returns the number of sent messages, or the error", () => {
  const { key, address } = datagramSocket();
  const bad = loopback(0);
  expect(send(key, ["one", address], ["two", bad], ["three", address])).toBe(1);
  expect(send(key, ["two", bad], ["three", address])).toBe(-EINVAL);
  expect(receive(key, 4, 8).datagrams.map(({ text }) => text)).toEqual(["one"]);
});

test("sendmmsg returns the number of messages that fit, and EAGAIN if none fits", () => {
  const [ours, peer] = pair(SOCK_DGRAM);
  kernel.setsockopt(...ours, SOL_SOCKET, SO_SNDBUF, 1);
  const none = new Uint8Array(0);
  const many = Array.from({ length: MAX_DATAGRAMS }, () => [Buffer.alloc(1_000), none] as const);
  const sent = send(ours, ...many);
  expect(sent).toBeGreaterThan(0);
  expect(sent).toBeLessThan(MAX_DATAGRAMS);
  expect(send(ours, ...many)).toBe(-EAGAIN);
  expect(receive(peer, MAX_DATAGRAMS, 1_000).received).toBe(sent);
});

test("a send to a closed peer returns EPIPE and raises no signal", () => {
  const [ours, peer] = pair(SOCK_STREAM);
  kernel.close(...peer);
  expect(send(ours, ["x", new Uint8Array(0)])).toBe(-EPIPE);
});

test("calls on a closed socket return EBADF", () => {
  const { key, address } = datagramSocket();
  kernel.close(...key);
  expect(receive(key, 1, 8).received).toBe(-EBADF);
  expect(send(key, ["x", address])).toBe(-EBADF);
});

test("a call with no datagrams returns 0", () => {
  const { key } = datagramSocket();
  expect(receive(key, 0, 8).received).toBe(0);
  expect(send(key)).toBe(0);
});

describe("counts and lengths beyond their memory throw a TypeError, and the call does nothing", () => {
  const { MAX_SAFE_INTEGER } = Number;

  test.each<[string, number, number, number, number, number, RegExp]>([
    ["more datagrams than the maximum", 64, 8_192, 128, MAX_DATAGRAMS + 1, 1, /Argument 5/],
    ["addresses", 64, 255, 4, 2, 8, /Argument 5/],
    ["results", 64, 256, 3, 2, 8, /Argument 5/],
    ["bytes", 15, 256, 4, 2, 8, /Argument 6/],
    ["bytes beyond an int32", 64, 256, 4, 2, 2 ** 31, /Argument 6/],
    ["bytes beyond 32 bits", 64, 256, 4, 2, MAX_SAFE_INTEGER, /Argument 6/],
  ])("recvmmsg: %s", (_name, bytes, addressBytes, numbers, count, datagramBytes, said) => {
    const { key, address } = datagramSocket();
    expect(send(key, ["x", address])).toBe(1);
    const [memory, addresses, results] = [new Uint8Array(bytes), new Uint8Array(addressBytes), new Int32Array(numbers)];
    expect(() => kernel.recvmmsg(...key, memory, addresses, results, count, datagramBytes)).toThrow(said);
    expect(receive(key, 1, 8).received).toBe(1);
  });

  test.each<[string, readonly number[]]>([
    ["offset", [9, 0, 0, 16]],
    ["negative offset", [-1, 1, 0, 16]],
    ["length", [4, 5, 0, 16]],
    ["negative length", [4, -1, 0, 16]],
    ["maximum offset and length", [2 ** 31 - 1, 2 ** 31 - 1, 0, 16]],
    ["offset of the address", [0, 1, 257, 0]],
    ["negative offset of the address", [0, 1, -1, 16]],
    ["length of the address", [0, 1, 241, 16]],
    ["negative length of the address", [0, 1, 0, -16]],
    ["an address that is too long", [0, 1, 0, 129]],
  ])("sendmmsg: %s", (_name, message) => {
    const { key, address } = datagramSocket();
    const addresses = new Uint8Array(256);
    addresses.set(address);
    // The first message is valid; it is not sent either.
    const messages = Int32Array.from([0, 1, 0, 16, ...message]);
    expect(() => kernel.sendmmsg(...key, new Uint8Array(8), addresses, messages, 2)).toThrow(/Argument 4/);
    expect(() => kernel.sendmmsg(...key, new Uint8Array(8), addresses, messages, 3)).toThrow(/Argument 5/);
    expect(receive(key, 1, 8).received).toBe(-EAGAIN);
  });
});
