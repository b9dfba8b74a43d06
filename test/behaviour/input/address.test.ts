import { mkdtempSync, rmSync, statSync } from "node:fs";
import { networkInterfaces, tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import {
  type AddressInput,
  AF_INET,
  AF_INET6,
  AF_NETLINK,
  AF_UNIX,
  AF_VSOCK,
  SOCK_DGRAM,
  SOCK_RAW,
  SOCK_STREAM,
  type Socket,
  socket,
} from "../../../src/index.ts";
import { kernel } from "../../../src/native/load.ts";
import { expectFault, type Fault } from "./bad-argument.ts";

interface AddressCall {
  readonly name: string;
  readonly gives: "value" | "promise";
  readonly argument: "address" | "options.address";
  call(on: Socket, address: AddressInput): unknown;
}

/** Every call that takes an address. */
const calls: readonly AddressCall[] = [
  { name: "bind", gives: "value", argument: "address", call: (on, address) => on.bind(address) },
  { name: "connect", gives: "promise", argument: "address", call: (on, address) => on.connect(address) },
  { name: "connect_ex", gives: "promise", argument: "address", call: (on, address) => on.connect_ex(address) },
  { name: "sendto", gives: "promise", argument: "address", call: (on, address) => on.sendto("x", address) },
  {
    name: "sendmsg",
    gives: "promise",
    argument: "options.address",
    call: (on, address) => on.sendmsg(["x"], { address }),
  },
];

interface Malformed {
  readonly fault: Fault;
  /** The field that the error names; undefined if it names the address itself. */
  readonly field?: string;
  readonly addresses: readonly object[];
}

const badPorts = [-1, 65_536, 1.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53];
const notPorts = ["80", undefined, null, 80n, {}, [80], true];
const notTexts = [undefined, null, 5, {}, [], Buffer.from("::")];

function hosts(...texts: readonly string[]): Malformed {
  return { fault: "value", field: "host", addresses: texts.map((host) => ({ host, port: 1 })) };
}

function ports(host: string): Malformed[] {
  return [
    { fault: "port", field: "port", addresses: badPorts.map((port) => ({ host, port })) },
    { fault: "type", field: "port", addresses: notPorts.map((port) => ({ host, port })) },
    { fault: "type", field: "host", addresses: notTexts.map((text) => ({ host: text, port: 1 })) },
    { fault: "type", field: "host", addresses: [{}, { port: 1 }, { path: "/tmp/x" }, { abstract: "x" }] },
  ];
}

function rawBytes(family: number): Malformed[] {
  return [
    { fault: "range", field: "bytes", addresses: [{ family, bytes: new Uint8Array(127) }] },
    { fault: "type", field: "bytes", addresses: [null, "x", 5, [1]].map((bytes) => ({ family, bytes })) },
  ];
}

const MAX_NAME = "a".repeat(107);

const families: readonly { name: string; family: number; type: number; malformed: readonly Malformed[] }[] = [
  {
    name: "AF_INET",
    family: AF_INET,
    type: SOCK_DGRAM,
    malformed: [
      hosts("256.1.1.1", "1.2.3", "1.2.3.4.5", "127.1", "01.2.3.4", "999", "..", "."),
      hosts("::1", "::ffff:1.2.3.4", "::g", "fe80::1%lo", "127.0.0.1:80", "[::1]"),
      hosts("%nosuchif", "1.2.3.4%lo", "a\0b", "127.0.0.1\0", "\0"),
      ...ports("127.0.0.1"),
      { fault: "value", field: "family", addresses: [AF_INET6, AF_UNIX, 0, -1, "2", null].map(inFamily("127.0.0.1")) },
      ...rawBytes(AF_INET),
    ],
  },
  {
    name: "AF_INET6",
    family: AF_INET6,
    type: SOCK_DGRAM,
    malformed: [
      hosts("127.0.0.1", "256.1.1.1", "1.2.3", "0.0.0.0"),
      hosts("::g", ":", ":::", "1::2::3", "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9", "12345::", "[::1]", "::1 ", " ::1"),
      hosts(
        "::1%",
        "fe80::1%nosuchif",
        "%nosuchif",
        "%lo",
        "::1%lo%lo",
        "fe80::1%-1",
        "fe80::1%4294967296",
        "::1%0x1",
        "::\0",
        "::1%l\0o",
      ),
      hosts("::ffff:256.1.1.1", "::ffff:1.2.3", "::1/128"),
      ...ports("::1"),
      { fault: "range", field: "flowinfo", addresses: [-1, 0x100000, 1.5, Number.NaN].map(withField("flowinfo")) },
      { fault: "type", field: "flowinfo", addresses: ["1", null, {}, 1n].map(withField("flowinfo")) },
      { fault: "range", field: "scopeId", addresses: [-1, 2 ** 32, 1.5, Number.NaN].map(withField("scopeId")) },
      { fault: "type", field: "scopeId", addresses: ["lo", null, {}, 1n].map(withField("scopeId")) },
      { fault: "value", field: "family", addresses: [AF_INET, AF_UNIX, 0, -1, "10"].map(inFamily("::1")) },
      ...rawBytes(AF_INET6),
    ],
  },
  {
    name: "AF_UNIX",
    family: AF_UNIX,
    type: SOCK_DGRAM,
    malformed: [
      { fault: "range", field: "path", addresses: tooLong().map((path) => ({ path })) },
      { fault: "range", field: "abstract", addresses: tooLong().map((abstract) => ({ abstract })) },
      { fault: "value", field: "path", addresses: ["\0", "a\0b", "a\0", Buffer.from("a\0")].map((path) => ({ path })) },
      {
        fault: "type",
        field: "path",
        addresses: [...notTexts.slice(0, -1), new ArrayBuffer(1)].map((path) => ({ path })),
      },
      { fault: "type", field: "path", addresses: [{}, { host: "::1", port: 1 }] },
      {
        fault: "type",
        field: "abstract",
        addresses: [null, 5, {}, [], new Uint16Array(1)].map((abstract) => ({ abstract })),
      },
      // The address is ambiguous.
      { fault: "value", addresses: [{ path: "x", abstract: "y" }] },
      { fault: "value", field: "family", addresses: [AF_INET, 0, "1"].map((family) => ({ family, path: "x" })) },
      ...rawBytes(AF_UNIX),
    ],
  },
  {
    name: "AF_VSOCK",
    family: AF_VSOCK,
    type: SOCK_STREAM,
    malformed: [
      { fault: "range", field: "cid", addresses: [-1, 2 ** 32, 1.5, Number.NaN].map((cid) => ({ cid, port: 1 })) },
      { fault: "range", field: "port", addresses: [-1, 2 ** 32, 0.5].map((port) => ({ cid: 2, port })) },
      { fault: "type", field: "cid", addresses: ["2", null, undefined, 2n, {}].map((cid) => ({ cid, port: 1 })) },
      { fault: "type", field: "port", addresses: ["80", null, undefined].map((port) => ({ cid: 2, port })) },
      { fault: "type", field: "cid", addresses: [{}, { host: "::1", port: 1 }, { path: "x" }] },
      { fault: "value", field: "family", addresses: [AF_INET, 0, "40"].map((family) => ({ family, cid: 2, port: 1 })) },
      ...rawBytes(AF_VSOCK),
    ],
  },
  {
    name: "another family",
    family: AF_NETLINK,
    type: SOCK_RAW,
    malformed: [
      { fault: "value", addresses: [{}, { host: "::1", port: 1 }, { path: "x" }] },
      { fault: "value", field: "family", addresses: [{ family: AF_INET, bytes: new Uint8Array(14) }] },
      ...rawBytes(AF_NETLINK),
    ],
  },
];

function inFamily(host: string): (family: unknown) => object {
  return (family) => ({ family, host, port: 1 });
}

function withField(field: string): (wrong: unknown) => object {
  return (wrong) => ({ host: "::1", port: 1, [field]: wrong });
}

/** unix(7): sun_path has 108 bytes, one of them for the NUL. "€" takes three bytes. */
function tooLong(): readonly (string | Uint8Array)[] {
  return ["a".repeat(108), "€".repeat(36), Buffer.alloc(108, "a"), new Uint8Array(108).fill(97), "a".repeat(100_000)];
}

describe.each(families)("the error for a malformed address names its field: $name", ({ family, type, malformed }) => {
  test.each(calls)("$name", async ({ gives, argument, call }) => {
    const ours = socket(family, type) as unknown as Socket;
    onTestFinished(() => ours.close());
    for (const { fault, field, addresses } of malformed) {
      for (const wrong of addresses) {
        const named = field === undefined ? argument : `${argument}.${field}`;
        await expectFault(() => call(ours, wrong as AddressInput), { gives, argument: named, fault, wrong });
      }
    }
  });
});

describe("the longest Unix addresses are accepted, and one byte more is not", () => {
  test.each([
    ["letters", (bytes: number) => "a".repeat(bytes)],
    ["letters of several bytes", (bytes: number) => `${"€".repeat(Math.floor(bytes / 3))}${"a".repeat(bytes % 3)}`],
  ])("a path of 107 bytes: %s", async (_name, fill) => {
    const folder = mkdtempSync(join(tmpdir(), "sockwright-input-"));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const path = `${folder}/${fill(107 - folder.length - 1)}`;
    expect(Buffer.byteLength(path)).toBe(107);
    await using server = socket(AF_UNIX);
    server.bind({ path });
    expect(server.getsockname()).toEqual({ family: AF_UNIX, path });
    expect(statSync(path).isSocket()).toBe(true);
    await using client = socket(AF_UNIX);
    const accepted = server.listen().accept();
    await client.connect({ path });
    (await accepted)[0].close();
  });

  test.each([MAX_NAME, "", "a\0b", "\0", "a", Buffer.alloc(107, 0xff), Buffer.alloc(107)])(
    "every byte of an abstract name is kept: %j",
    async (abstract) => {
      await using server = socket(AF_UNIX);
      server.bind({ abstract });
      // Text is returned as text, and bytes that are not UTF-8 as bytes.
      const bytes = Buffer.from(abstract as string);
      const text = bytes.toString();
      const expected = Buffer.from(text).equals(bytes) ? text : bytes;
      expect(server.getsockname()).toEqual({ family: AF_UNIX, abstract: expected });
    },
  );
});

test.each(["bind", "sendto", "sendmsg"] as const)(
  "a host name given to %s is refused with ERR_SOCKWRIGHT_NAME",
  async (name) => {
    const [call] = calls.filter((each) => each.name === name);
    await using ours = socket(AF_INET);
    const failing = (async () => call?.call(ours, { host: "example.org", port: 1 }))();
    await expect(failing).rejects.toMatchObject({
      code: "ERR_SOCKWRIGHT_NAME",
      message: expect.stringContaining(name),
    });
  },
);

test("the interface after % is the scope of the address", async (context) => {
  const [name, index] = linkLocal() ?? context.skip("no interface has a link-local IPv6 address");
  await using ours = socket(AF_INET6, SOCK_DGRAM);
  ours.bind({ host: `${index.address}%${name}`, port: 0 });
  expect(ours.getsockname()).toMatchObject({ scopeId: index.scopeid });
});

function linkLocal(): readonly [string, { address: string; scopeid: number }] | undefined {
  for (const [name, addresses = []] of Object.entries(networkInterfaces())) {
    const found = addresses.find(({ family, address }) => family === "IPv6" && address.startsWith("fe80:"));
    if (found?.family === "IPv6") return [name, found];
  }
  return undefined;
}

// ipv6(7): the kernel accepts any scope of loopback and does not keep it, so the test reads the bytes passed to it.
test.each([1, 7, 0xffff_ffff])("a numeric scope is passed on unchanged: %d", async (scope) => {
  await using server = socket(AF_INET6);
  server.bind({ host: "::1", port: 0 });
  server.listen();
  const { port = 0 } = server.getsockname();
  await using client = socket(AF_INET6);
  const connect = vi.spyOn(kernel, "connect");
  onTestFinished(() => connect.mockRestore());
  const accepted = server.accept();
  await client.connect({ host: `::1%${scope}`, port });
  (await accepted)[0].close();
  const sockaddr = Buffer.from(connect.mock.lastCall?.[2] ?? []);
  // struct sockaddr_in6, linux/in6.h: sin6_scope_id follows the address, in the byte order of the machine.
  expect(sockaddr.readUInt32LE(24)).toBe(scope);
  expect(sockaddr.readUInt16BE(2)).toBe(port);
});
