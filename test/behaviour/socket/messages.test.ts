import { describe, expect, test } from "vitest";
import {
  AF_INET6,
  AF_UNIX,
  CMSG_SPACE,
  IP_RECVTTL,
  IP_TTL,
  IPPROTO_IP,
  IPPROTO_IPV6,
  IPV6_HOPLIMIT,
  IPV6_RECVHOPLIMIT,
  IPV6_UNICAST_HOPS,
  MSG_CTRUNC,
  MSG_PEEK,
  MSG_TRUNC,
  SCM_CREDENTIALS,
  SO_PASSCRED,
  SOCK_SEQPACKET,
  SOL_SOCKET,
} from "../../../src/index.ts";
import { openDatagrams, recordPair, tcpPair, unixPair } from "../../support/sockets.ts";

describe("sendmsg(buffers) sends several buffers as one message", () => {
  test.for([
    ["over TCP", tcpPair],
    ["over a Unix stream", unixPair],
    ["as one record", async () => recordPair(SOCK_SEQPACKET)],
  ] as const)("%s", async ([, pair]) => {
    const [left, right] = await pair();
    const parts = ["head ", Buffer.from("body "), new Uint8Array([0x74, 0x61]), "", new DataView(new ArrayBuffer(1))];
    expect(await left.sendmsg(parts)).toBe(13);
    expect(String(await right.recv(1024))).toBe("head body ta\0");
  });

  test("takes from 0 to 1 024 buffers, and refuses more", async () => {
    const [left, right] = recordPair(SOCK_SEQPACKET);
    expect(await left.sendmsg(Array.from({ length: 1_024 }, () => "x"))).toBe(1_024);
    expect(await right.recv(2_048)).toHaveLength(1_024);
    const [from, to] = [openDatagrams(AF_UNIX), openDatagrams(AF_UNIX)];
    expect(await from.sendmsg([], { address: to.getsockname() })).toBe(0);
    expect(await to.recv(16)).toHaveLength(0);
    const tooMany = left.sendmsg(Array.from({ length: 1_025 }, () => "x"));
    await expect(tooMany).rejects.toMatchObject({ code: "ERR_OUT_OF_RANGE" });
  });

  test("to an address", async () => {
    const [from, to] = [openDatagrams(), openDatagrams()];
    await from.sendmsg(["to ", "you"], { address: to.getsockname() });
    const { data, address } = await to.recvmsg(64);
    expect([String(data), address]).toEqual(["to you", from.getsockname()]);
  });

  test("sends on a stream as many bytes as fit", async () => {
    const [left, right] = unixPair();
    const parts = Array.from({ length: 16 }, () => Buffer.alloc(1024 * 1024));
    const sent = await left.sendmsg(parts);
    expect(sent).toBeGreaterThan(0);
    expect(sent).toBeLessThan(16 * 1024 * 1024);
    left.close();
    let received = 0;
    for await (const chunk of right) received += chunk.length;
    expect(received).toBe(sent);
  });
});

describe("recvmsg returns { data, control, flags, address }", () => {
  test("of a stream", async () => {
    const [left, right] = await tcpPair();
    await left.sendall("hello");
    expect(await right.recvmsg(1024)).toMatchObject({
      data: Buffer.from("hello"),
      control: [],
      address: undefined,
    });
    left.close();
    expect(await right.recvmsg(1024)).toMatchObject({ data: Buffer.alloc(0), control: [] });
  });

  test("of a record, with MSG_TRUNC if it is truncated", async () => {
    const [left, right] = recordPair(SOCK_SEQPACKET);
    await left.send("0123456789");
    const peeked = await right.recvmsg(4, { flags: MSG_PEEK });
    expect([String(peeked.data), peeked.flags & MSG_TRUNC]).toEqual(["0123", MSG_TRUNC]);
    const whole = await right.recvmsg(10);
    expect([String(whole.data), whole.flags & MSG_TRUNC]).toEqual(["0123456789", 0]);
  });

  test("into several buffers, one after the other", async () => {
    const [from, to] = [openDatagrams(), openDatagrams()];
    const rooms = [Buffer.alloc(3), new Uint8Array(0), Buffer.alloc(4), Buffer.alloc(4, ".")] as const;
    await from.sendto("abcdefgh", to.getsockname());
    expect(await to.recvmsg_into(rooms)).toMatchObject({ bytes: 8, control: [], address: from.getsockname() });
    expect([rooms[0], rooms[2], rooms[3]].map(String)).toEqual(["abc", "defg", "h..."]);
    await from.sendto("ijklmnopqrst", to.getsockname());
    const cut = await to.recvmsg_into(rooms);
    expect([cut.bytes, cut.flags & MSG_TRUNC, String(rooms[3])]).toEqual([11, MSG_TRUNC, "pqrs"]);
  });
});

describe("control messages", () => {
  test("are returned if there is room; otherwise flags has MSG_CTRUNC", async () => {
    const [left, right] = unixPair();
    right.setsockopt(SOL_SOCKET, SO_PASSCRED, 1);
    await left.sendall("with credentials");
    const { control, flags } = await right.recvmsg(1024, { control: CMSG_SPACE(12) });
    expect(control).toEqual([{ level: SOL_SOCKET, type: SCM_CREDENTIALS, data: expect.any(Buffer) }]);
    expect(control[0]?.data).toHaveLength(12);
    expect(flags & MSG_CTRUNC).toBe(0);

    await left.sendall("without room");
    const cut = await right.recvmsg(1024);
    expect([String(cut.data), cut.control, cut.flags & MSG_CTRUNC]).toEqual(["without room", [], MSG_CTRUNC]);
  });

  test("are truncated if only a part fits", async () => {
    const [left, right] = unixPair();
    right.setsockopt(SOL_SOCKET, SO_PASSCRED, 1);
    await left.sendall("x");
    const { control, flags } = await right.recvmsg(1024, { control: CMSG_SPACE(0) + 4 });
    expect(control[0]?.data.length ?? 0).toBeLessThanOrEqual(4);
    expect(flags & MSG_CTRUNC).toBe(MSG_CTRUNC);
  });

  test("of IPv4: the time to live of the sender", async () => {
    const [from, to] = [openDatagrams(), openDatagrams()];
    to.setsockopt(IPPROTO_IP, IP_RECVTTL, 1);
    from.setsockopt(IPPROTO_IP, IP_TTL, 42);
    await from.sendto("x", to.getsockname());
    const { control } = await to.recvmsg(16, { control: CMSG_SPACE(4) });
    expect(control).toEqual([{ level: IPPROTO_IP, type: IP_TTL, data: Buffer.from([42, 0, 0, 0]) }]);
  });

  test("of IPv6: the hop limit, set for one message by sendmsg", async () => {
    const [from, to] = [openDatagrams(AF_INET6), openDatagrams(AF_INET6)];
    to.setsockopt(IPPROTO_IPV6, IPV6_RECVHOPLIMIT, 1);
    from.setsockopt(IPPROTO_IPV6, IPV6_UNICAST_HOPS, 9);
    const address = to.getsockname();
    const hops = { level: IPPROTO_IPV6, type: IPV6_HOPLIMIT, data: Buffer.from([77, 0, 0, 0]) };
    await from.sendmsg(["x"], { address, control: [hops] });
    await from.sendmsg(["x"], { address });
    const first = await to.recvmsg(16, { control: CMSG_SPACE(4) });
    const second = await to.recvmsg(16, { control: CMSG_SPACE(4) });
    expect(first.control).toEqual([hops]);
    expect(second.control).toEqual([{ ...hops, data: Buffer.from([9, 0, 0, 0]) }]);
  });

  test("several are encoded one after the other", async () => {
    const [left, right] = unixPair();
    right.setsockopt(SOL_SOCKET, SO_PASSCRED, 1);
    const data = Buffer.from(new Int32Array([process.pid, process.getuid?.() ?? 0, process.getgid?.() ?? 0]).buffer);
    const credentials = { level: SOL_SOCKET, type: SCM_CREDENTIALS, data };
    await left.sendmsg(["x"], { control: [credentials, credentials] });
    const { control } = await right.recvmsg(16, { control: CMSG_SPACE(12) });
    expect(control).toEqual([credentials]);
  });

  test("that the kernel refuses reject with its error", async () => {
    const [left] = unixPair();
    const nonsense = { level: SOL_SOCKET, type: 0x7fff, data: Buffer.alloc(4) };
    await expect(left.sendmsg(["x"], { control: [nonsense] })).rejects.toMatchObject({
      code: "EINVAL",
      syscall: "sendmsg",
    });
  });
});
