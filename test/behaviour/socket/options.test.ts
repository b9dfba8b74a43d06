import { describe, expect, test } from "vitest";
import {
  AF_INET,
  AF_INET6,
  AF_UNIX,
  IP_BIND_ADDRESS_NO_PORT,
  IP_FREEBIND,
  IP_MTU_DISCOVER,
  IP_MULTICAST_ALL,
  IP_MULTICAST_LOOP,
  IP_MULTICAST_TTL,
  IP_PKTINFO,
  IP_RECVERR,
  IP_RECVORIGDSTADDR,
  IP_RECVTOS,
  IP_RECVTTL,
  IP_TOS,
  IP_TTL,
  IPPROTO_IP,
  IPPROTO_IPV6,
  IPPROTO_TCP,
  IPV6_MTU_DISCOVER,
  IPV6_MULTICAST_HOPS,
  IPV6_MULTICAST_LOOP,
  IPV6_RECVERR,
  IPV6_RECVHOPLIMIT,
  IPV6_RECVPKTINFO,
  IPV6_RECVTCLASS,
  IPV6_TCLASS,
  IPV6_UNICAST_HOPS,
  IPV6_V6ONLY,
  SO_ACCEPTCONN,
  SO_BROADCAST,
  SO_DOMAIN,
  SO_ERROR,
  SO_KEEPALIVE,
  SO_LINGER,
  SO_OOBINLINE,
  SO_PASSCRED,
  SO_PEERCRED,
  SO_PRIORITY,
  SO_PROTOCOL,
  SO_RCVBUF,
  SO_RCVLOWAT,
  SO_RCVTIMEO,
  SO_REUSEADDR,
  SO_REUSEPORT,
  SO_SNDBUF,
  SO_SNDTIMEO,
  SO_TIMESTAMP,
  SO_TYPE,
  SOCK_DGRAM,
  SOCK_STREAM,
  SOL_SOCKET,
  type Socket,
  socket,
  TCP_CONGESTION,
  TCP_CORK,
  TCP_DEFER_ACCEPT,
  TCP_INFO,
  TCP_KEEPCNT,
  TCP_KEEPIDLE,
  TCP_KEEPINTVL,
  TCP_LINGER2,
  TCP_NODELAY,
  TCP_NOTSENT_LOWAT,
  TCP_SYNCNT,
  TCP_USER_TIMEOUT,
} from "../../../src/index.ts";
import { closeAtTheEnd, listenOnLoopback, openStream, unixPair } from "../../support/sockets.ts";

type Row = readonly [name: string, level: number, option: number, value: number];

const anySocket: readonly Row[] = [
  ["SO_REUSEADDR", SOL_SOCKET, SO_REUSEADDR, 1],
  ["SO_KEEPALIVE", SOL_SOCKET, SO_KEEPALIVE, 1],
  ["SO_BROADCAST", SOL_SOCKET, SO_BROADCAST, 1],
  ["SO_OOBINLINE", SOL_SOCKET, SO_OOBINLINE, 1],
  ["SO_PRIORITY", SOL_SOCKET, SO_PRIORITY, 5],
  ["SO_RCVLOWAT", SOL_SOCKET, SO_RCVLOWAT, 7],
  ["SO_TIMESTAMP", SOL_SOCKET, SO_TIMESTAMP, 1],
];

const inet: readonly Row[] = [
  ["SO_REUSEPORT", SOL_SOCKET, SO_REUSEPORT, 1],
  ["IP_TTL", IPPROTO_IP, IP_TTL, 33],
  ["IP_TOS", IPPROTO_IP, IP_TOS, 0x10],
  ["IP_FREEBIND", IPPROTO_IP, IP_FREEBIND, 1],
  ["IP_BIND_ADDRESS_NO_PORT", IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, 1],
  ["IP_MTU_DISCOVER", IPPROTO_IP, IP_MTU_DISCOVER, 2],
  ["IP_RECVERR", IPPROTO_IP, IP_RECVERR, 1],
  ["IP_PKTINFO", IPPROTO_IP, IP_PKTINFO, 1],
  ["IP_RECVTTL", IPPROTO_IP, IP_RECVTTL, 1],
  ["IP_RECVTOS", IPPROTO_IP, IP_RECVTOS, 1],
  ["IP_RECVORIGDSTADDR", IPPROTO_IP, IP_RECVORIGDSTADDR, 1],
];

const inet6: readonly Row[] = [
  ["IPV6_V6ONLY", IPPROTO_IPV6, IPV6_V6ONLY, 1],
  ["IPV6_UNICAST_HOPS", IPPROTO_IPV6, IPV6_UNICAST_HOPS, 33],
  ["IPV6_TCLASS", IPPROTO_IPV6, IPV6_TCLASS, 0x10],
  ["IPV6_MTU_DISCOVER", IPPROTO_IPV6, IPV6_MTU_DISCOVER, 2],
  ["IPV6_RECVERR", IPPROTO_IPV6, IPV6_RECVERR, 1],
  ["IPV6_RECVPKTINFO", IPPROTO_IPV6, IPV6_RECVPKTINFO, 1],
  ["IPV6_RECVHOPLIMIT", IPPROTO_IPV6, IPV6_RECVHOPLIMIT, 1],
  ["IPV6_RECVTCLASS", IPPROTO_IPV6, IPV6_RECVTCLASS, 1],
];

const tcp: readonly Row[] = [
  ["TCP_NODELAY", IPPROTO_TCP, TCP_NODELAY, 1],
  ["TCP_CORK", IPPROTO_TCP, TCP_CORK, 1],
  ["TCP_KEEPIDLE", IPPROTO_TCP, TCP_KEEPIDLE, 61],
  ["TCP_KEEPINTVL", IPPROTO_TCP, TCP_KEEPINTVL, 11],
  ["TCP_KEEPCNT", IPPROTO_TCP, TCP_KEEPCNT, 4],
  ["TCP_SYNCNT", IPPROTO_TCP, TCP_SYNCNT, 3],
  ["TCP_LINGER2", IPPROTO_TCP, TCP_LINGER2, 17],
  ["TCP_DEFER_ACCEPT", IPPROTO_TCP, TCP_DEFER_ACCEPT, 3],
  ["TCP_USER_TIMEOUT", IPPROTO_TCP, TCP_USER_TIMEOUT, 4_321],
  ["TCP_NOTSENT_LOWAT", IPPROTO_TCP, TCP_NOTSENT_LOWAT, 16_384],
];

const multicast4: readonly Row[] = [
  ["IP_MULTICAST_TTL", IPPROTO_IP, IP_MULTICAST_TTL, 7],
  ["IP_MULTICAST_LOOP", IPPROTO_IP, IP_MULTICAST_LOOP, 0],
  ["IP_MULTICAST_ALL", IPPROTO_IP, IP_MULTICAST_ALL, 0],
];

const multicast6: readonly Row[] = [
  ["IPV6_MULTICAST_HOPS", IPPROTO_IPV6, IPV6_MULTICAST_HOPS, 7],
  ["IPV6_MULTICAST_LOOP", IPPROTO_IPV6, IPV6_MULTICAST_LOOP, 0],
];

const tables: readonly [name: string, family: number, type: number, rows: readonly Row[]][] = [
  ["a TCP socket of inet", AF_INET, SOCK_STREAM, [...anySocket, ...inet, ...tcp]],
  ["a TCP socket of inet6", AF_INET6, SOCK_STREAM, [...anySocket, ...inet6, ...tcp]],
  ["a UDP socket of inet", AF_INET, SOCK_DGRAM, [...anySocket, ...inet, ...multicast4]],
  ["a UDP socket of inet6", AF_INET6, SOCK_DGRAM, [...anySocket, ...inet6, ...multicast6]],
  ["a Unix socket", AF_UNIX, SOCK_STREAM, [...anySocket, ["SO_PASSCRED", SOL_SOCKET, SO_PASSCRED, 1]]],
];

describe.for(tables)(
  "an integer option of %s: getsockopt returns the value that setsockopt set, which differs from the default",
  ([, family, type, rows]) => {
    test.for(rows)("%s", ([, level, option, value]) => {
      const [opened] = closeAtTheEnd(socket(family, type));
      expect(opened.getsockopt(level, option)).not.toBe(value);
      opened.setsockopt(level, option, value);
      expect(opened.getsockopt(level, option)).toBe(value);
      // The option as bytes has the same value, and the option of another socket does not change.
      expect(opened.getsockopt(level, option, 4).readUIntLE(0, 1)).toBe(value & 0xff);
      const [other] = closeAtTheEnd(socket(family, type));
      expect(other.getsockopt(level, option)).not.toBe(value);
    });
  },
);

describe("options whose value the kernel chooses", () => {
  test("SO_TYPE, SO_DOMAIN and SO_PROTOCOL describe the socket", () => {
    const [udp] = closeAtTheEnd(socket(AF_INET6, SOCK_DGRAM));
    const names = [SO_TYPE, SO_DOMAIN, SO_PROTOCOL];
    expect(names.map((name) => udp.getsockopt(SOL_SOCKET, name))).toEqual([SOCK_DGRAM, AF_INET6, 17]);
  });

  test("SO_ACCEPTCONN and SO_ERROR", () => {
    expect(listenOnLoopback().getsockopt(SOL_SOCKET, SO_ACCEPTCONN)).toBe(1);
    const bare = openStream();
    expect([bare.getsockopt(SOL_SOCKET, SO_ACCEPTCONN), bare.getsockopt(SOL_SOCKET, SO_ERROR)]).toEqual([0, 0]);
  });

  test.for([
    ["SO_SNDBUF", SO_SNDBUF],
    ["SO_RCVBUF", SO_RCVBUF],
  ] as const)("%s: socket(7) doubles what is set", ([, option]) => {
    const bare = openStream();
    bare.setsockopt(SOL_SOCKET, option, 20_000);
    expect(bare.getsockopt(SOL_SOCKET, option)).toBe(40_000);
  });
});

describe("options that are not integers are bytes", () => {
  test("SO_LINGER: struct linger", () => {
    const bare = openStream();
    expect(bare.getsockopt(SOL_SOCKET, SO_LINGER, 8)).toEqual(Buffer.alloc(8));
    const value = new Int32Array([1, 3]);
    bare.setsockopt(SOL_SOCKET, SO_LINGER, value);
    expect(bare.getsockopt(SOL_SOCKET, SO_LINGER, 8)).toEqual(Buffer.from(value.buffer));
    bare.setsockopt(SOL_SOCKET, SO_LINGER, new Int32Array([0, 0]));
  });

  test("TCP_CONGESTION: a name", () => {
    const bare = openStream();
    bare.setsockopt(IPPROTO_TCP, TCP_CONGESTION, Buffer.from("reno"));
    expect(bare.getsockopt(IPPROTO_TCP, TCP_CONGESTION, 16).toString("latin1").replace(/\0.*$/, "")).toBe("reno");
  });

  test("SO_PEERCRED and TCP_INFO have the length that the kernel reports, not that of the buffer", () => {
    const [left] = unixPair();
    const credentials = left.getsockopt(SOL_SOCKET, SO_PEERCRED, 64);
    expect(credentials).toHaveLength(12);
    expect(credentials.readInt32LE(0)).toBe(process.pid);
    expect(openStream().getsockopt(IPPROTO_TCP, TCP_INFO, 1).length).toBe(1);
    expect(openStream().getsockopt(IPPROTO_TCP, TCP_INFO, 4_096).length).toBeGreaterThan(100);
  });

  test("an integer can be passed as its four bytes", () => {
    const bare = openStream();
    bare.setsockopt(SOL_SOCKET, SO_KEEPALIVE, Buffer.from([1, 0, 0, 0]));
    expect(bare.getsockopt(SOL_SOCKET, SO_KEEPALIVE)).toBe(1);
  });
});

describe("SO_RCVTIMEO and SO_SNDTIMEO are refused, and the error names settimeout", () => {
  test.for([
    ["SO_RCVTIMEO", SO_RCVTIMEO],
    ["SO_SNDTIMEO", SO_SNDTIMEO],
  ] as const)("%s, as number and as bytes", ([, option]) => {
    const refused = expect.objectContaining({
      code: "ERR_SOCKWRIGHT_TIMEOUT_OPTION",
      message: expect.stringContaining("settimeout()"),
    });
    const bare: Socket = openStream();
    expect(() => bare.setsockopt(SOL_SOCKET, option, 1)).toThrow(refused);
    expect(() => bare.setsockopt(SOL_SOCKET, option, new BigInt64Array([1n, 0n]))).toThrow(refused);
    // The same number at another level is another option.
    expect(() => bare.setsockopt(IPPROTO_TCP, option, 1)).not.toThrow(refused);
  });
});

test("an unknown option fails with the kernel's ENOPROTOOPT", () => {
  const bare = openStream();
  const unknown = expect.objectContaining({ code: "ENOPROTOOPT" });
  expect(() => bare.getsockopt(SOL_SOCKET, 9_999)).toThrow(unknown);
  expect(() => bare.setsockopt(SOL_SOCKET, 9_999, 1)).toThrow(unknown);
});
