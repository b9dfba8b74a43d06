// Addresses as text and bytes, byte order, services, protocols and interfaces: wrong arguments, and what
// interop/python-names.test.ts does not compare.
import { describe, expect, test } from "vitest";
import {
  AF_INET,
  AF_INET6,
  AF_UNIX,
  CMSG_LEN,
  getprotobyname,
  getservbyname,
  getservbyport,
  has_ipv6,
  htonl,
  htons,
  if_indextoname,
  if_nameindex,
  if_nametoindex,
  inet_aton,
  inet_ntoa,
  inet_ntop,
  inet_pton,
  ntohl,
  ntohs,
  SocketError,
} from "../../../src/index.ts";

test("addresses as bytes are in network byte order, in a Buffer or any view", () => {
  expect(inet_pton(AF_INET, "1.2.3.4")).toEqual(Buffer.of(1, 2, 3, 4));
  expect(inet_pton(AF_INET6, "::102:304").subarray(12)).toEqual(Buffer.of(1, 2, 3, 4));
  expect(inet_aton("1.2.772")).toEqual(Buffer.of(1, 2, 3, 4));
  expect(inet_ntoa(new DataView(Uint8Array.of(0, 1, 2, 3, 4).buffer, 1))).toBe("1.2.3.4");
  expect(inet_ntop(AF_INET6, new Uint32Array(4))).toBe("::");
});

test("the results of htons and htonl lie in memory in network byte order", () => {
  expect([...new Uint8Array(Uint16Array.of(htons(0x1234)).buffer)]).toEqual([0x12, 0x34]);
  expect([...new Uint8Array(Uint32Array.of(htonl(0x12345678)).buffer)]).toEqual([0x12, 0x34, 0x56, 0x78]);
  for (const value of [0, 1, 0x8000, 0xffff]) expect(ntohs(htons(value))).toBe(value);
  for (const value of [0, 1, 0x80000000, 0xffffffff]) expect(ntohl(htonl(value))).toBe(value);
});

test("has_ipv6 is true", () => {
  expect(has_ipv6).toBe(true);
});

test("interface names and indexes map to each other", () => {
  const all = if_nameindex();
  expect(all).toContainEqual([if_nametoindex("lo"), "lo"]);
  for (const [index, name] of all) expect([if_nametoindex(name), if_indextoname(index)]).toEqual([index, name]);
});

describe("a lookup without a result throws a SocketError", () => {
  test.each([
    ["a service", () => getservbyname("no-such", "tcp"), "getservbyname ENOENT: no-such/tcp is not known here"],
    ["a port", () => getservbyport(65_535), "getservbyport ENOENT: 65535 is not known here"],
    ["a protocol", () => getprotobyname("no-such"), "getprotobyname ENOENT: no-such is not known here"],
    ["an interface", () => if_nametoindex("no-such"), "if_nametoindex ENODEV"],
    ["an index", () => if_indextoname(2 ** 30), "if_indextoname ENXIO"],
    ["a family as text", () => inet_pton(AF_UNIX, "x"), "inet_pton EAFNOSUPPORT"],
    ["a family as bytes", () => inet_ntop(AF_UNIX, Buffer.alloc(4)), "inet_ntop EAFNOSUPPORT"],
  ])("%s", (_name, call, message) => {
    expect(call).toThrow(SocketError);
    expect(call).toThrow(message);
  });
});

describe("wrong arguments", () => {
  test.each<[name: string, call: (...values: never[]) => unknown, given: unknown[], code: string, argument: string]>([
    ["inet_pton", inet_pton, ["AF_INET", "::1"], "ERR_INVALID_ARG_TYPE", "family"],
    ["inet_pton", inet_pton, [AF_INET, 5], "ERR_INVALID_ARG_TYPE", "text"],
    ["inet_pton", inet_pton, [AF_INET, "127.1"], "ERR_INVALID_ARG_VALUE", "text"],
    ["inet_pton", inet_pton, [AF_INET, "127.0.0.1\0"], "ERR_INVALID_ARG_VALUE", "text"],
    ["inet_pton", inet_pton, [AF_INET6, `::${"0".repeat(200)}1`], "ERR_INVALID_ARG_VALUE", "text"],
    ["inet_ntop", inet_ntop, [AF_INET, "1234"], "ERR_INVALID_ARG_TYPE", "packed"],
    ["inet_ntop", inet_ntop, [AF_INET, Buffer.alloc(16)], "ERR_INVALID_ARG_VALUE", "packed"],
    ["inet_ntop", inet_ntop, [0.5, Buffer.alloc(4)], "ERR_OUT_OF_RANGE", "family"],
    ["inet_aton", inet_aton, [undefined], "ERR_INVALID_ARG_TYPE", "text"],
    ["inet_aton", inet_aton, ["1.2.3.4\0"], "ERR_INVALID_ARG_VALUE", "text"],
    // Truncated, it would be 0.0.0.0.
    ["inet_aton", inet_aton, [`${"0".repeat(1_000)}1`], "ERR_INVALID_ARG_VALUE", "text"],
    ["inet_aton", inet_aton, [`1.2.3.4 ${"é".repeat(1_000)}`], "ERR_INVALID_ARG_VALUE", "text"],
    ["inet_ntoa", inet_ntoa, [Buffer.alloc(5)], "ERR_INVALID_ARG_VALUE", "packed"],
    ["inet_ntoa", inet_ntoa, [[1, 2, 3, 4]], "ERR_INVALID_ARG_TYPE", "packed"],
    ["getservbyname", getservbyname, [80], "ERR_INVALID_ARG_TYPE", "name"],
    ["getservbyname", getservbyname, ["http", 6], "ERR_INVALID_ARG_TYPE", "protocol"],
    ["getservbyname", getservbyname, ["ht\0tp"], "ERR_INVALID_ARG_VALUE", "name"],
    ["getservbyname", getservbyname, ["x".repeat(256)], "ERR_OUT_OF_RANGE", "name"],
    ["getservbyport", getservbyport, [65_536], "ERR_SOCKET_BAD_PORT", "port"],
    ["getservbyport", getservbyport, [-1], "ERR_SOCKET_BAD_PORT", "port"],
    ["getservbyport", getservbyport, ["80"], "ERR_INVALID_ARG_TYPE", "port"],
    ["getservbyport", getservbyport, [80, "x".repeat(256)], "ERR_OUT_OF_RANGE", "protocol"],
    ["getprotobyname", getprotobyname, [6], "ERR_INVALID_ARG_TYPE", "name"],
    ["if_nametoindex", if_nametoindex, [1], "ERR_INVALID_ARG_TYPE", "name"],
    ["if_nametoindex", if_nametoindex, ["lo\0"], "ERR_INVALID_ARG_VALUE", "name"],
    ["if_indextoname", if_indextoname, [-1], "ERR_OUT_OF_RANGE", "index"],
    ["if_indextoname", if_indextoname, [2 ** 32], "ERR_OUT_OF_RANGE", "index"],
    ["if_indextoname", if_indextoname, ["1"], "ERR_INVALID_ARG_TYPE", "index"],
    ["CMSG_LEN", CMSG_LEN, [-1], "ERR_OUT_OF_RANGE", "dataBytes"],
    ...([htons, ntohs] as const).flatMap((call) => numbers(call, 0xffff)),
    ...([htonl, ntohl] as const).flatMap((call) => numbers(call, 0xffffffff)),
  ])("%s of %o", (_name, call, given, code, argument) => {
    let error: unknown;
    try {
      Reflect.apply(call, undefined, given as never);
    } catch (thrown) {
      error = thrown;
    }
    expect(error).toMatchObject({ code, message: expect.stringMatching(new RegExp(`["' ]?${argument}["' ]`)) });
  });

  test("a service name of the maximum length is looked up whole", () => {
    expect(() => getservbyname("x".repeat(255), "y".repeat(255))).toThrow(/ENOENT/);
  });

  function numbers(
    call: (value: number) => number,
    max: number,
  ): [string, (...values: never[]) => unknown, unknown[], string, string][] {
    const outside = [-1, max + 1, 0.5, Number.NaN, Number.POSITIVE_INFINITY];
    return [
      ...outside.map((value): [string, typeof call, unknown[], string, string] => [
        call.name,
        call,
        [value],
        "ERR_OUT_OF_RANGE",
        "value",
      ]),
      [call.name, call, ["1"], "ERR_INVALID_ARG_TYPE", "value"],
    ];
  }
});
