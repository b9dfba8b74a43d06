// getaddrinfo: the query, the answer, and the ways in which the wait ends.
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import {
  AF_INET,
  AF_INET6,
  AF_UNIX,
  AI_CANONNAME,
  AI_NUMERICHOST,
  AI_PASSIVE,
  getaddrinfo,
  IPPROTO_TCP,
  IPPROTO_UDP,
  SOCK_DGRAM,
  SOCK_RAW,
  SOCK_STREAM,
  SocketError,
} from "../../../src/index.ts";
import { kernel } from "../../../src/native/load.ts";
import { MAX_RUNNING_LOOKUPS } from "../../../src/socket/lookup.ts";

const stream = { type: SOCK_STREAM };

describe("queries that the machine answers itself", () => {
  test("an address has one row per socket type", async () => {
    const address = { family: AF_INET, host: "127.0.0.1", port: 80 };
    const rest = { family: AF_INET, canonname: "", address };
    expect(await getaddrinfo("127.0.0.1", 80)).toEqual([
      { ...rest, type: SOCK_STREAM, protocol: IPPROTO_TCP },
      { ...rest, type: SOCK_DGRAM, protocol: IPPROTO_UDP },
      { ...rest, type: SOCK_RAW, protocol: 0 },
    ]);
    expect(await getaddrinfo("127.0.0.1", 80, { proto: IPPROTO_UDP })).toMatchObject([{ type: SOCK_DGRAM }]);
    expect(await getaddrinfo("127.0.0.1", 80, { type: SOCK_DGRAM })).toMatchObject([{ protocol: IPPROTO_UDP }]);
  });

  test("a name, a service, and the numeric forms of inet_aton are accepted", async () => {
    expect(await getaddrinfo("localhost", "http", { ...stream, family: AF_INET })).toMatchObject([
      { address: { host: "127.0.0.1", port: 80 } },
    ]);
    expect(await getaddrinfo("127.1", "0080", stream)).toMatchObject([{ address: { host: "127.0.0.1", port: 80 } }]);
    expect(await getaddrinfo("::1", null, stream)).toMatchObject([
      { family: AF_INET6, address: { host: "::1", port: 0 } },
    ]);
  });

  test("a null host is the loopback address, or any address with AI_PASSIVE", async () => {
    const hosts = async (flags: number) =>
      (await getaddrinfo(null, 80, { ...stream, flags })).map(({ address }) => address.host).sort();
    expect(await hosts(0)).toEqual(["127.0.0.1", "::1"]);
    expect(await hosts(AI_PASSIVE)).toEqual(["0.0.0.0", "::"]);
  });

  test("the scope of a link-local address is a number", async () => {
    const [found] = await getaddrinfo("fe80::1%lo", 80, stream);
    expect(found?.address).toEqual({ family: AF_INET6, host: "fe80::1", port: 80, flowinfo: 0, scopeId: 1 });
  });

  test("the first row has the canonical name", async () => {
    const rows = await getaddrinfo("localhost", 80, { family: AF_INET, flags: AI_CANONNAME });
    expect(rows.map(({ canonname }) => canonname)).toEqual(["localhost", "", ""]);
  });
});

describe("a failed lookup rejects with an error in Node's format", () => {
  test.each([
    ["an unknown name", ["sockwright.invalid", 80, {}], "ENOTFOUND", -3008],
    ["a name with AI_NUMERICHOST", ["localhost", 80, { flags: AI_NUMERICHOST }], "ENOTFOUND", -3008],
    ["an empty name", ["", 80, {}], "ENOTFOUND", -3008],
    ["an unknown service", ["127.0.0.1", "no-such-service", {}], "EAI_SERVICE", -3010],
    ["a family without names", ["localhost", 80, { family: AF_UNIX }], "EAI_FAMILY", -3005],
    ["an address of the other family", ["127.0.0.1", 80, { family: AF_INET6 }], "EAI_ADDRFAMILY", -3000],
    ["unknown flags", ["127.0.0.1", 80, { flags: 1 << 20 }], "EAI_BADFLAGS", -3002],
    ["an unknown type", ["127.0.0.1", 80, { type: 77 }], "EAI_SOCKTYPE", -3011],
  ] as const)("%s", async (_name, [host, port, options], code, errno) => {
    const error: unknown = await getaddrinfo(host, port, options).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(SocketError);
    const place = host === "" ? "" : ` ${host}`;
    expect(error).toMatchObject({ code, errno, syscall: "getaddrinfo", hostname: host });
    expect(error).toHaveProperty("message", `getaddrinfo ${code}${place}`);
    expect(error).not.toHaveProperty("address");
  });

  test("neither a host nor a service is given", async () => {
    const error: unknown = await getaddrinfo(null, null).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code: "ENOTFOUND", message: "getaddrinfo ENOTFOUND" });
    expect(error).not.toHaveProperty("hostname");
  });

  test("an ignored promise of a failing lookup does not end the process", async () => {
    void getaddrinfo("sockwright.invalid", 80);
    await expect(getaddrinfo("sockwright.invalid", 80)).rejects.toMatchObject({ code: "ENOTFOUND" });
  });
});

describe("wrong arguments", () => {
  test.each([
    [[5, 80], TypeError, "ERR_INVALID_ARG_TYPE", /"host" argument must be of type string or null/],
    [[undefined, 80], TypeError, "ERR_INVALID_ARG_TYPE", /"host"/],
    [["a\0b", 80], TypeError, "ERR_INVALID_ARG_VALUE", /'host' must not contain a NUL/],
    [["a".repeat(256), 80], RangeError, "ERR_OUT_OF_RANGE", /"host".*at most 255 bytes/],
    [["ü".repeat(300), 80], Error, /^ERR_/, /host/],
    [["é\u0000", 80], TypeError, "ERR_INVALID_ARG_VALUE", /'host'/],
    [["\ud800", 80], TypeError, "ERR_INVALID_ARG_VALUE", /'host' must be a name that IDNA can encode/],
    [["localhost"], TypeError, "ERR_INVALID_ARG_TYPE", /"port"/],
    [["localhost", -1], RangeError, "ERR_SOCKET_BAD_PORT", /port/],
    [["localhost", 65_536], RangeError, "ERR_SOCKET_BAD_PORT", /port/],
    [["localhost", Number.NaN], RangeError, "ERR_SOCKET_BAD_PORT", /port/],
    [["localhost", "65536"], RangeError, "ERR_SOCKET_BAD_PORT", /port/],
    [["localhost", "-1"], RangeError, "ERR_SOCKET_BAD_PORT", /port/],
    [["localhost", "ht\0tp"], TypeError, "ERR_INVALID_ARG_VALUE", /'port'/],
    [["localhost", "x".repeat(256)], RangeError, "ERR_OUT_OF_RANGE", /"port"/],
    [["localhost", 80, null], TypeError, "ERR_INVALID_ARG_TYPE", /"options"/],
    [["localhost", 80, { protocol: 6 }], TypeError, "ERR_INVALID_ARG_VALUE", /options\.protocol/],
    [["localhost", 80, { family: 2 ** 31 }], RangeError, "ERR_OUT_OF_RANGE", /options\.family/],
    [["localhost", 80, { type: "tcp" }], TypeError, "ERR_INVALID_ARG_TYPE", /options\.type/],
    [["localhost", 80, { flags: 0.5 }], RangeError, "ERR_OUT_OF_RANGE", /options\.flags/],
    [["localhost", 80, { signal: 5 }], TypeError, "ERR_INVALID_ARG_TYPE", /options\.signal/],
  ])("%j", async (given, kind, code, message) => {
    const error: unknown = await Reflect.apply(getaddrinfo, undefined, given).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(kind);
    expect(error).toMatchObject({ code: expect.stringMatching(code), message: expect.stringMatching(message) });
  });
});

describe("with a resolver that answers on demand", () => {
  const real = kernel.getaddrinfo;
  type Asked = Parameters<typeof kernel.getaddrinfo>;
  let asked: Asked[] = [];

  beforeEach(() => {
    asked = [];
    kernel.getaddrinfo = (...given) => asked.push(given) && 0;
  });
  afterEach(() => {
    kernel.getaddrinfo = real;
  });

  function answer(index: number, status = 0, errno = 0): void {
    const sockaddr = Uint8Array.of(AF_INET, 0, 0, 80, 192, 0, 2, index, 0, 0, 0, 0, 0, 0, 0, 0);
    const row = { family: AF_INET, type: SOCK_STREAM, protocol: IPPROTO_TCP, canonname: "", sockaddr };
    asked[index]?.[6](status, errno, status === 0 ? [row, row] : undefined);
  }

  test("the resolver receives the name in its IDNA form, and the error has the original name", async () => {
    const found = getaddrinfo("bücher.example", 80);
    expect(asked[0]?.slice(0, 6)).toEqual(["xn--bcher-kva.example", "80", 0, 0, 0, 0]);
    answer(0, -3);
    await expect(found).rejects.toMatchObject({ code: "EAI_AGAIN", errno: -3001, hostname: "bücher.example" });
  });

  test("the rows keep the order of the resolver", async () => {
    const found = getaddrinfo("many.example", 80);
    answer(0);
    expect((await found).map(({ address }) => address.host)).toEqual(["192.0.2.0", "192.0.2.0"]);
  });

  test("a system error keeps its own code", async () => {
    const found = getaddrinfo("a.example", 80);
    answer(0, -11, 24);
    await expect(found).rejects.toMatchObject({ code: "EMFILE", errno: -24, syscall: "getaddrinfo" });
  });

  test("a lookup that cannot start rejects and frees its slot", async () => {
    kernel.getaddrinfo = () => -12;
    for (let i = 0; i <= MAX_RUNNING_LOOKUPS; i++) {
      await expect(getaddrinfo("a.example", 80)).rejects.toMatchObject({ code: "ENOMEM", hostname: "a.example" });
    }
  });

  test("MAX_RUNNING_LOOKUPS limits concurrent lookups of names, as in libuv; numeric addresses do not wait", async () => {
    const names = Array.from({ length: MAX_RUNNING_LOOKUPS + 2 }, (_value, index) => `name-${index}.example`);
    const found = names.map((name) => getaddrinfo(name, 80));
    expect(asked.map(([host]) => host)).toEqual(names.slice(0, MAX_RUNNING_LOOKUPS));
    const numeric = [getaddrinfo("127.0.0.1", 80), getaddrinfo(null, 80), getaddrinfo("::1%lo", 80)];
    expect(asked).toHaveLength(MAX_RUNNING_LOOKUPS + numeric.length);
    for (let index = 0; index < names.length + numeric.length; index++) answer(index);
    expect(await Promise.all([...found, ...numeric])).toHaveLength(names.length + numeric.length);
    expect(asked.map(([host]) => host).filter((host) => host?.endsWith(".example"))).toEqual(names);
  });

  test("a signal ends the wait at once, and the late answer is ignored", async () => {
    const controller = new AbortController();
    const found = getaddrinfo("slow.example", 80, { signal: controller.signal });
    controller.abort("enough");
    await expect(found).rejects.toMatchObject({ name: "AbortError", code: "ABORT_ERR", cause: "enough" });
    answer(0);
    const next = getaddrinfo("quick.example", 80);
    answer(1);
    expect(await next).toHaveLength(2);
  });

  test("a signal removes a lookup that has not started", async () => {
    const controller = new AbortController();
    const first = Array.from({ length: MAX_RUNNING_LOOKUPS }, () => getaddrinfo("slow.example", 80));
    const taken = getaddrinfo("late.example", 80, { signal: controller.signal });
    controller.abort();
    await expect(taken).rejects.toMatchObject({ code: "ABORT_ERR" });
    for (let index = 0; index < MAX_RUNNING_LOOKUPS; index++) answer(index);
    await Promise.all(first);
    expect(asked.map(([host]) => host)).not.toContain("late.example");
  });

  test("an aborted signal prevents the lookup", async () => {
    await expect(getaddrinfo("a.example", 80, { signal: AbortSignal.abort() })).rejects.toMatchObject({
      code: "ABORT_ERR",
    });
    expect(asked).toEqual([]);
  });
});
