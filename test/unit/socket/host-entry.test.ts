// gethostname, gethostbyname, gethostbyname_ex, gethostbyaddr and getfqdn.
import { hostname } from "node:os";
import { afterEach, describe, expect, test } from "vitest";
import {
  AF_INET,
  AF_INET6,
  getfqdn,
  gethostbyaddr,
  gethostbyname,
  gethostbyname_ex,
  gethostname,
} from "../../../src/index.ts";
import type { HostEntry } from "../../../src/native/kernel.ts";
import { kernel } from "../../../src/native/load.ts";

const real = { ...kernel };
afterEach(() => void Object.assign(kernel, real));

function resolverKnows(entry: HostEntry | undefined, status = 1, errno = 0): void {
  kernel.gethostbyaddr = (_family, _bytes, callback) => {
    callback(entry === undefined ? status : 0, errno, entry);
    return 0;
  };
}

test("gethostname returns the name of this machine", () => {
  expect(gethostname()).toBe(hostname());
});

test("gethostbyname returns the first address of a name, and accepts Python's two special names", async () => {
  expect(await gethostbyname("localhost")).toBe("127.0.0.1");
  expect(await gethostbyname("127.1")).toBe("127.0.0.1");
  expect(await gethostbyname("")).toBe("0.0.0.0");
  expect(await gethostbyname("<broadcast>")).toBe("255.255.255.255");
});

test("gethostbyname_ex returns the name, its aliases and its addresses", async () => {
  const [name, aliases, addresses] = await gethostbyname_ex("localhost");
  expect(name).toBe("localhost");
  expect(aliases).toEqual(expect.any(Array));
  expect(addresses).toContain("127.0.0.1");
});

test("gethostbyaddr looks up an address in its own family, and a name by its first address", async () => {
  const asked: unknown[] = [];
  kernel.gethostbyaddr = (family, bytes, callback) => {
    asked.push([family, Buffer.from(bytes).toString("hex")]);
    callback(0, 0, ["a", ["b"], ["c"]]);
    return 0;
  };
  for (const address of ["127.0.0.1", "::1", "fe80::1%lo"]) {
    expect(await gethostbyaddr(address)).toEqual(["a", ["b"], ["c"]]);
  }
  expect(asked).toEqual([
    [AF_INET, "7f000001"],
    [AF_INET6, `${"00".repeat(15)}01`],
    [AF_INET6, `fe80${"00".repeat(13)}01`],
  ]);
  await gethostbyaddr("localhost");
  expect(asked).toHaveLength(4);
});

test.each<[entry: HostEntry | undefined, full: string]>([
  [["plain", [], []], "plain"],
  [["plain", ["other", "one.example", "two.example"], []], "one.example"],
  [["own.example", ["one.example"], []], "own.example"],
  [undefined, "127.0.0.1"],
])("getfqdn when the resolver returns %j: %s", async (entry, full) => {
  resolverKnows(entry);
  expect(await getfqdn(" 127.0.0.1 ")).toBe(full);
});

test("getfqdn of any address is the name of this machine", async () => {
  kernel.getaddrinfo = (host, ...rest) => {
    rest[5](host === gethostname() ? -2 : -4, 0, undefined);
    return 0;
  };
  expect(await Promise.all([getfqdn(), getfqdn(""), getfqdn("0.0.0.0"), getfqdn("::")])).toEqual(
    new Array(4).fill(gethostname()),
  );
});

describe("errors have Node's format", () => {
  test("for each function, with the original name", async () => {
    const name = "sockwright.invalid";
    const common = { code: "ENOTFOUND", errno: -3008, hostname: name };
    await expect(gethostbyname(name)).rejects.toMatchObject({ ...common, syscall: "getaddrinfo" });
    await expect(gethostbyaddr(name)).rejects.toMatchObject({ ...common, syscall: "getaddrinfo" });
    await expect(gethostbyname_ex(name)).rejects.toMatchObject({
      ...common,
      syscall: "gethostbyname",
      message: `gethostbyname ENOTFOUND ${name}`,
    });
    await expect(gethostbyname("bücher.invalid")).rejects.toMatchObject({ hostname: "bücher.invalid" });
    expect(await getfqdn(name)).toBe(name);
  });

  test.each([
    [1, 0, "ENOTFOUND"],
    [2, 0, "EAI_AGAIN"],
    [3, 0, "EAI_FAIL"],
    [4, 0, "ENOTFOUND"],
    [-1, 34, "ERANGE"],
    [-1, 0, "EAI_FAIL"],
  ])("h_errno %i with errno %i is %s", async (status, errno, code) => {
    resolverKnows(undefined, status, errno);
    await expect(gethostbyaddr("127.0.0.1")).rejects.toMatchObject({ code, syscall: "gethostbyaddr" });
  });

  test("an IPv6 address has no IPv4 address: EAI_ADDRFAMILY", async () => {
    await expect(gethostbyname("::1")).rejects.toMatchObject({ code: "EAI_ADDRFAMILY", hostname: "::1" });
  });

  test("ignored promises of failing lookups do not end the process", async () => {
    for (const ask of [gethostbyname, gethostbyname_ex, gethostbyaddr]) void ask("sockwright.invalid");
    expect(await getfqdn("sockwright.invalid")).toBe("sockwright.invalid");
  });
});

describe.each([
  ["gethostbyname", gethostbyname],
  ["gethostbyname_ex", gethostbyname_ex],
  ["gethostbyaddr", gethostbyaddr],
  ["getfqdn", getfqdn],
] as const)("%s", (_name, ask) => {
  test.each([
    [5, "ERR_INVALID_ARG_TYPE"],
    [null, "ERR_INVALID_ARG_TYPE"],
    ["a\0b", "ERR_INVALID_ARG_VALUE"],
    ["a".repeat(256), "ERR_OUT_OF_RANGE"],
    ["\ud800", "ERR_INVALID_ARG_VALUE"],
  ])("rejects %j", async (name, code) => {
    const error: unknown = await Reflect.apply(ask, undefined, [name] as never).catch((it: unknown) => it);
    expect(error).toMatchObject({ code, message: expect.stringMatching(/["'](?:name|address)["']/) });
  });

  test("rejects when its signal is aborted", async () => {
    await expect(ask("localhost", { signal: AbortSignal.abort() })).rejects.toMatchObject({ code: "ABORT_ERR" });
  });
});
