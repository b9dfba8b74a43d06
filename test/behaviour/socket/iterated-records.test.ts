// Iteration over a socket of records yields every record whole, including empty ones, until the end or a close.
import { describe, expect, test } from "vitest";
import {
  AF_INET6,
  AF_NETLINK,
  AF_UNIX,
  CMSG_SPACE,
  MSG_CTRUNC,
  SO_SNDBUF,
  SO_TIMESTAMP,
  SO_TIMESTAMPNS,
  SOCK_DGRAM,
  SOCK_RAW,
  SOCK_SEQPACKET,
  SOL_SOCKET,
  type Socket,
  socket,
  socketpair,
} from "../../../src/index.ts";
import { RECORD_BYTES } from "../../../src/socket/record-receive.ts";
import { fakeKernel } from "../../../src/testing/fake-kernel.ts";
import { closeAtTheEnd, openDatagrams, recordPair } from "../../support/sockets.ts";

/** Returns at most `most` items of an iteration, or all items until the end. */
async function items(of: Socket<unknown>, most = Number.POSITIVE_INFINITY): Promise<unknown[]> {
  const seen: unknown[] = [];
  for await (const item of of) if (seen.push(item) >= most) break;
  return seen;
}

async function texts(of: Socket<unknown>, most?: number): Promise<string[]> {
  return (await items(of, most)).map((item) => String(Array.isArray(item) ? item[0] : item));
}

describe.each([
  ["the machine's kernel", () => ({ [Symbol.dispose]: () => undefined })],
  ["the fake kernel", () => fakeKernel()],
] as const)("over seqpacket, with %s", (_name, kernel) => {
  test.for([[["", "", "x", ""]], [["x", "", "y"]], [[""]], [[]]] as const)("%j, and the end", async ([sent]) => {
    using _ = kernel();
    const [left, right] = recordPair(SOCK_SEQPACKET);
    const seen = texts(right);
    for (const text of sent) await left.send(text);
    left.close();
    expect(await seen).toEqual(sent);
    right.close();
  });

  test("records that arrived before the loop, and a half-close", async () => {
    using _ = kernel();
    const [left, right] = recordPair(SOCK_SEQPACKET);
    for (const text of ["", "x", ""]) await left.send(text);
    left.shutdown();
    expect(await texts(right)).toEqual(["", "x", ""]);
    for (const end of [left, right]) end.close();
  });
});

describe("iteration leaves the socket's options unchanged", () => {
  test("without timestamps: a later recvmsg has none and no MSG_CTRUNC", async () => {
    const [left, right] = recordPair(SOCK_SEQPACKET);
    for (const text of ["", "x"]) await left.send(text);
    expect(await texts(right, 1)).toEqual([""]);
    expect(right.getsockopt(SOL_SOCKET, SO_TIMESTAMP)).toBe(0);
    const { control, flags } = await right.recvmsg(16);
    expect([control, flags & MSG_CTRUNC]).toEqual([[], 0]);
  });

  test.for([
    ["SO_TIMESTAMP", SO_TIMESTAMP],
    ["SO_TIMESTAMPNS", SO_TIMESTAMPNS],
  ] as const)("with %s", async ([, option]) => {
    const [left, right] = recordPair(SOCK_SEQPACKET);
    right.setsockopt(SOL_SOCKET, option, 1);
    for (const text of ["", "x"]) await left.send(text);
    expect(await texts(right, 1)).toEqual([""]);
    expect(right.getsockopt(SOL_SOCKET, option)).toBe(1);
    const { control } = await right.recvmsg(16, { control: CMSG_SPACE(16) });
    expect(control.map(({ type }) => type)).toEqual([option]);
    left.close();
    expect(await texts(right)).toEqual([]);
  });
});

describe("a peer cannot end the iteration over a socket without a connection", () => {
  test("raw IPv6, where the kernel delivers only the payload", async (context) => {
    const raw = rawOrSkip(AF_INET6, 253, context.skip);
    const ours = raw();
    ours.bind({ host: "::1", port: 0 });
    const seen = texts(ours, 3);
    for (const text of ["one", "", "three"]) await raw().sendto(text, { host: "::1", port: 0 });
    expect(await seen).toEqual(["one", "", "three"]);
  });

  test.for([
    ["SOCK_RAW", SOCK_RAW],
    ["SOCK_DGRAM", SOCK_DGRAM],
  ] as const)("netlink, %s", async ([, type]) => {
    const NETLINK_USERSOCK = 2; // newer kernels take no empty message on it
    const [ours, peer] = closeAtTheEnd(
      socket(AF_NETLINK, type, NETLINK_USERSOCK),
      socket(AF_NETLINK, type, NETLINK_USERSOCK),
    );
    ours.bind({ family: AF_NETLINK, bytes: new Uint8Array(10) });
    for (const text of ["one", "two", "three"]) await peer.sendto(text, ours.getsockname());
    expect(await texts(ours, 3)).toEqual(["one", "two", "three"]);
  });

  // unix(7): the kernel turns this type into SOCK_DGRAM.
  test("Unix, SOCK_RAW", async () => {
    const [left, right] = closeAtTheEnd(...socketpair(AF_UNIX, SOCK_RAW));
    for (const text of ["one", "", "three"]) await left.send(text);
    expect(await texts(right, 3)).toEqual(["one", "", "three"]);
  });

  test.for(["127.0.0.1", "::1"])("UDP over %s", async (host) => {
    const ours = openDatagrams(host === "::1" ? AF_INET6 : undefined);
    const peer = openDatagrams(ours.family);
    for (const text of ["one", "", "three"]) await peer.sendto(text, ours.getsockname());
    expect(await texts(ours, 3)).toEqual(["one", "", "three"]);
  });
});

describe("a record longer than 64 KiB arrives whole", () => {
  const long = Buffer.alloc(3 * RECORD_BYTES, "r");

  test.for([
    ["seqpacket", SOCK_SEQPACKET],
    ["datagrams", SOCK_DGRAM],
    ["raw", SOCK_RAW],
  ] as const)("Unix, %s", async ([, type]) => {
    const [left, right] = closeAtTheEnd(...socketpair(AF_UNIX, type));
    left.setsockopt(SOL_SOCKET, SO_SNDBUF, 2 * long.length);
    await left.send(long);
    expect((await texts(right, 1))[0]?.length).toBe(long.length);
  });

  test("netlink", async () => {
    const NETLINK_USERSOCK = 2;
    const [ours, peer] = closeAtTheEnd(
      socket(AF_NETLINK, SOCK_RAW, NETLINK_USERSOCK),
      socket(AF_NETLINK, SOCK_RAW, NETLINK_USERSOCK),
    );
    ours.bind({ family: AF_NETLINK, bytes: new Uint8Array(10) });
    const record = long.subarray(0, RECORD_BYTES + 1_000);
    peer.setsockopt(SOL_SOCKET, SO_SNDBUF, 2 * record.length);
    await peer.sendto(record, ours.getsockname());
    expect((await texts(ours, 1))[0]?.length).toBe(record.length);
  });
});

/** Returns a function that opens raw sockets, which need CAP_NET_RAW; skips the test without it. */
function rawOrSkip(family: number, protocol: number, skip: (reason: string) => void): () => Socket<unknown> {
  const open = (): Socket<unknown> => closeAtTheEnd(socket(family, SOCK_RAW, protocol))[0];
  try {
    open();
  } catch (error) {
    skip(`raw sockets: ${String(error)}`);
  }
  return open;
}
