// The error for a call in the form of C, Python or Node shows the form to write here, with the given values in it.
import { describe, expect, test } from "vitest";
import * as codecs from "../../../src/codec.ts";
import {
  AF_INET,
  AF_INET6,
  AF_NETLINK,
  AF_UNIX,
  AF_VSOCK,
  SO_REUSEADDR,
  SOCK_DGRAM,
  SOCK_RAW,
  SOL_SOCKET,
  socket,
  socketpair,
} from "../../../src/index.ts";
import { type ServeOptions, serve } from "../../../src/server.ts";
import { encodeAddress } from "../../../src/socket/address.ts";
import * as kit from "../../../src/testing.ts";
import { serving } from "../../support/serving.ts";
import { closeAtTheEnd } from "../../support/sockets.ts";

/** Makes a call with arguments that the types do not allow. Returns the message of the thrown error or the rejection. */
async function told(on: object, call: string, ...given: readonly unknown[]): Promise<string> {
  const method: unknown = Reflect.get(on, call);
  if (typeof method !== "function") throw new Error(`there is no ${call}`);
  try {
    await Reflect.apply(method, on, given);
  } catch (error) {
    expect(error).toMatchObject({
      code: expect.stringMatching(/^ERR_(INVALID_ARG_TYPE|INVALID_ARG_VALUE|OUT_OF_RANGE)$/),
    });
    return error instanceof Error ? error.message : "";
  }
  throw new Error(`${call} took ${JSON.stringify(given)}`);
}

type Case = readonly [family: number, given: unknown, form: string];

const forms: readonly Case[] = [
  [AF_INET, "127.0.0.1", "{ host: '127.0.0.1', port: 8000 }"],
  [AF_INET, "10.1.2.3:99", "{ host: '10.1.2.3', port: 99 }"],
  [AF_INET, "example.org:99", "{ host: 'example.org', port: 99 }"],
  [AF_INET, ":99", "{ host: '127.0.0.1', port: 99 }"],
  [AF_INET, "99", "{ host: '127.0.0.1', port: 99 }"],
  [AF_INET, "", "{ host: '127.0.0.1', port: 8000 }"],
  [AF_INET, "/run/x.sock", "{ host: '127.0.0.1', port: 8000 }"],
  [AF_INET, ["10.1.2.3", 99], "{ host: '10.1.2.3', port: 99 }"],
  [AF_INET, ["", "99"], "{ host: '127.0.0.1', port: 99 }"],
  [AF_INET, 99, "{ host: '127.0.0.1', port: 99 }"],
  [AF_INET, undefined, "{ host: '127.0.0.1', port: 8000 }"],
  [AF_INET6, "::1", "{ host: '::1', port: 8000 }"],
  [AF_INET6, "[fe80::1%eth0]:99", "{ host: 'fe80::1%eth0', port: 99 }"],
  [AF_INET6, ["::", 99, 0, 0], "{ host: '::', port: 99 }"],
  [AF_INET6, 99, "{ host: '::1', port: 99 }"],
  [AF_UNIX, "/run/x.sock", "{ path: '/run/x.sock' }"],
  [AF_UNIX, "\0name", "{ abstract: 'name' }"],
  [AF_UNIX, ["/run/x.sock"], "{ path: '/run/x.sock' }"],
  [AF_UNIX, Buffer.from("/run/x.sock"), "{ path: '/run/service.sock' }"],
  [AF_UNIX, undefined, "{ path: '/run/service.sock' }"],
  [AF_VSOCK, [3, 99], "{ cid: 3, port: 99 }"],
  [AF_NETLINK, [0, 0], "{ family: 16, bytes: 'the sockaddr without its family' }"],
];

describe("an address is an object with fields", () => {
  test.for(forms)("family %i, %j: %s", ([family, given, form]) => {
    const expected = `The "address" argument must be of type object, such as ${form}.`;
    expect(() => encodeAddress(family, given)).toThrow(expect.objectContaining({ code: "ERR_INVALID_ARG_TYPE" }));
    expect(() => encodeAddress(family, given)).toThrow(expected);
  });

  test.for(["bind", "connect", "connect_ex"])("in %s", async (call) => {
    const [tcp] = closeAtTheEnd(socket());
    for (const given of [["127.0.0.1", 8000], [["127.0.0.1", 8000]], ["127.0.0.1:8000"], [8000], [8000, "127.0.0.1"]]) {
      expect(await told(tcp, call, ...given)).toContain("such as { host: '127.0.0.1', port: 8000 }");
    }
  });

  test("in sendto() in the forms of C, Python and node:dgram, and in sendmsg()", async () => {
    const [udp] = closeAtTheEnd(socket(AF_INET, SOCK_DGRAM));
    const form = "such as { host: '127.0.0.1', port: 8000 }";
    expect(await told(udp, "sendto", "x", ["127.0.0.1", 8000])).toContain(form);
    expect(await told(udp, "sendto", "x", "127.0.0.1", 8000)).toContain(form);
    expect(await told(udp, "sendto", "x", 8000, "127.0.0.1")).toContain(form);
    expect(await told(udp, "sendto", "x", 8000)).toContain(form);
    expect(await told(udp, "sendto", "x", 4, ["127.0.0.1", 8000])).toContain("sendto(data, address, { flags: 4 })");
    expect(await told(udp, "sendmsg", ["x"], { address: ["127.0.0.1", 8000] })).toContain(form);
  });

  test.for([
    [AF_INET, { address: "127.0.0.1", port: 1 }, "AF_INET is { host, port }"],
    [AF_INET6, { port: 1 }, "AF_INET6 is { host, port }"],
    [AF_INET, { path: "/x" }, "AF_INET is { host, port }"],
    [AF_UNIX, { host: "127.0.0.1", port: 1 }, "AF_UNIX is { path } or { abstract }"],
    [AF_VSOCK, { host: "127.0.0.1", port: 1 }, "AF_VSOCK is { cid, port }"],
    [AF_INET, { host: "127.0.0.1", port: "80" }, "of type number: 80, without quotes"],
    [AF_INET, { host: "127.0.0.1:80", port: 80 }, ": { host: '127.0.0.1', port: 80 }"],
    [AF_INET, { host: "<broadcast>", port: 80 }, 'must be "255.255.255.255"'],
    [AF_INET, { family: "IPv4", host: "127.0.0.1", port: 80 }, "or left out"],
  ] as const)("family %i, the fields %j: %s", ([family, given, form]) => {
    expect(() => encodeAddress(family, given)).toThrow(form);
  });
});

describe("a timeout is in whole milliseconds", () => {
  test.for([
    [1.5, "1500 for 1.5 s"],
    [0.25, "250 for 0.25 s"],
    [10.5, "10500 for 10.5 s"],
    [-0.5, "-500 for -0.5 s"],
    [Number.NaN, "an integer"],
    [Number.POSITIVE_INFINITY, "null to wait for ever"],
    ["5", "of type number, in milliseconds, or null"],
    [undefined, "of type number, in milliseconds, or null"],
  ] as const)("settimeout(%s): %s", async ([given, form]) => {
    const [left] = closeAtTheEnd(...socketpair());
    expect(await told(left, "settimeout", given)).toContain(form);
    expect(left.gettimeout()).toBeNull();
  });

  test("options of layer 2 are in whole milliseconds too", async () => {
    const listening = (options: ServeOptions): Promise<unknown> => serve("tcp://127.0.0.1:0", () => undefined, options);
    for (const name of ["idleTimeoutMs", "firstByteTimeoutMs", "readTimeoutMs", "writeTimeoutMs", "totalTimeoutMs"]) {
      const form = `The value of "options.${name}" is out of range. It must be an integer, in milliseconds: 1500 for 1.5 s.`;
      await expect(listening({ [name]: 1.5 })).rejects.toThrow(form);
    }
    await expect(listening({ drainTimeoutMs: 1.5 })).rejects.toThrow("1500 for 1.5 s");
    await expect(listening({ alarms: [{ raiseAt: 5, cooldownMs: 1.5 }] })).rejects.toThrow("1500 for 1.5 s");
    const server = await serving(() => undefined);
    await expect(async () => server.close({ graceMs: 1.5 })).rejects.toThrow("1500 for 1.5 s");
  });

  test("setblocking() takes a boolean", async () => {
    expect(await told(closeAtTheEnd(socket())[0], "setblocking", 0)).toContain("of type boolean: false");
  });
});

describe("a number must be of type number", () => {
  test("the name of a constant is refused: the error says to write the constant", async () => {
    const { socket: make, socketpair: pair } = await import("../../../src/index.ts");
    expect(await told({ make }, "make", "AF_INET")).toContain('the constant AF_INET of "sockwright", without quotes');
    expect(await told({ make }, "make", AF_INET, "SOCK_STREAM")).toContain("SOCK_STREAM");
    expect(await told({ pair }, "pair", "AF_UNIX")).toContain("the constant AF_UNIX");
    const [left] = closeAtTheEnd(...socketpair());
    expect(await told(left, "shutdown", "SHUT_WR")).toContain("the constant SHUT_WR");
    expect(await told(left, "setsockopt", "SOL_SOCKET", SO_REUSEADDR, 1)).toContain("the constant SOL_SOCKET");
    expect(await told(left, "getsockopt", SOL_SOCKET, "SO_REUSEADDR")).toContain("the constant SO_REUSEADDR");
    expect(await told(left, "recv", 1, { flags: "MSG_PEEK" })).toContain("the constant MSG_PEEK");
  });

  test("a number in quotes is refused: the error shows it without quotes", async () => {
    const [tcp] = closeAtTheEnd(socket());
    expect(await told(tcp, "listen", "5")).toContain("of type number: 5, without quotes");
    expect(await told(tcp, "recv", "1024")).toContain("of type number: 1024, without quotes");
  });

  test("a boolean is refused as a number", async () => {
    const [tcp] = closeAtTheEnd(socket());
    expect(await told(tcp, "bind", { host: "127.0.0.1", port: true })).toMatch(
      /of type number\. Received type boolean/,
    );
    expect(await told(tcp, "listen", true)).toMatch(/of type number\. Received type boolean/);
    expect(await told(tcp, "recv", false)).toMatch(/of type number\. Received type boolean/);
  });

  test("a missing count is refused: the error names an example", async () => {
    const [left] = closeAtTheEnd(...socketpair());
    for (const call of ["recv", "recvfrom", "recvmsg"]) {
      expect(await told(left, call)).toContain("the most bytes to take, such as 65536");
    }
  });

  test("a boolean or a text is refused as the value of an option: the error shows the number or the bytes", async () => {
    const [left] = closeAtTheEnd(...socketpair());
    expect(await told(left, "setsockopt", SOL_SOCKET, SO_REUSEADDR, true)).toContain("1 for true");
    expect(await told(left, "setsockopt", SOL_SOCKET, 25, "lo")).toContain('such as Buffer.from("lo")');
  });
});

describe("further arguments of C and Python are options here", () => {
  test.for([
    ["recv", [16, 2], "such as { flags: 2 }"],
    ["recvfrom", [16, 2], "such as { flags: 2 }"],
    ["send", ["x", 2], "such as { flags: 2 }"],
    ["sendall", ["x", 2], "such as { flags: 2 }"],
    ["recvmsg", [16, 64], "such as { control: 64 }"],
    ["recvmsg_into", [[Buffer.alloc(1)], 64], "such as { control: 64 }"],
    ["recv_into", [Buffer.alloc(16), 8], "buffer.subarray(0, 8)"],
    ["recvfrom_into", [Buffer.alloc(16), 8], "buffer.subarray(0, 8)"],
    ["sendmsg", [["x"], [[1, 1, Buffer.alloc(4)]]], "such as { control: [{ level, type, data }], flags: 0, address }"],
    [
      "sendmsg",
      [["x"], { control: [[1, 1, Buffer.alloc(4)]] }],
      "such as { level: SOL_SOCKET, type: SCM_RIGHTS, data }",
    ],
    ["sendmsg", ["x"], "an array, such as [buffer]"],
    ["recvmsg_into", [Buffer.alloc(4)], "an array, such as [buffer]"],
    ["readable", [1000], "such as { signal: AbortSignal.timeout(1000) }"],
    ["accept", [1000], "such as { signal: AbortSignal.timeout(1000) }"],
    ["send", [new ArrayBuffer(4)], "such as new Uint8Array(arrayBuffer)"],
    ["send", [[1, 2]], "such as Buffer.from(array)"],
  ] as const)("%s(%j)", async ([call, given, form]) => {
    const [left] = closeAtTheEnd(...socketpair());
    expect(await told(left, call, ...given)).toContain(form);
  });
});

test("the error for an address of a raw family says what its bytes are", () => {
  const [netlink] = closeAtTheEnd(socket(AF_NETLINK, SOCK_RAW, 0));
  expect(() => netlink.bind({ path: "" })).toThrow("must have bytes");
});

test.each([
  ["recv", [1]],
  ["recvfrom", [1]],
  ["recv_into", [Buffer.alloc(1)]],
  ["recvfrom_into", [Buffer.alloc(1)]],
  ["recvmsg", [1]],
  ["recvmsg_into", [[Buffer.alloc(1)]]],
  ["send", ["x"]],
  ["sendall", ["x"]],
  ["sendmsg", [["x"]]],
  ["accept", []],
  ["connect", [{ path: "/nowhere" }]],
  ["readable", []],
  ["writable", []],
  ["makefile", ["r"]],
] as const)("%s() refuses options of any type with its own error", async (call, given) => {
  const [left] = closeAtTheEnd(...socketpair());
  const bytes = new Uint8Array(8);
  structuredClone(bytes.buffer, { transfer: [bytes.buffer] });
  for (const part of [Symbol("s"), Object.create(null), bytes]) {
    expect(await told(left, call, ...given, [part])).toContain("must be of type object");
    if (typeof part === "symbol") expect(await told(left, call, ...given, part)).toContain("must be of type object");
  }
});

test("calls of layer 2, codecs and the testing kit refuse options of any type with their own error", async () => {
  const { client, server: peer } = kit.memoryPair();
  const server = await serving(() => undefined);
  using kernel = kit.fakeKernel();
  const calls: readonly (readonly [on: object, call: string, given: readonly unknown[]])[] = [
    [client, "readExactly", [1]],
    [client, "readUntil", ["x"]],
    [client, "drained", []],
    [client, "flushed", []],
    [client, "sendFile", ["/dev/null"]],
    [client, "close", []],
    [server, "close", []],
    [server, "reload", []],
    [codecs, "lines", []],
    [codecs, "jsonLines", []],
    [codecs, "netstring", []],
    [codecs, "varintPrefixed", []],
    [codecs, "lengthPrefixed", []],
    [codecs, "delimiter", ["x"]],
    [kit, "leakTracker", []],
    [kernel, "randomFaults", []],
  ];
  for (const [on, call, given] of calls) {
    for (const part of [Symbol("s"), Object.create(null)]) {
      expect(await told(on, call, ...given, [part]), call).toContain("must be of type object");
    }
  }
  await Promise.all([client.close(), peer.close()]);
});
