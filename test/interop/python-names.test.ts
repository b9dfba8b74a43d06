// The functions that resolve names and convert addresses, compared with Python's in one run of Python: the same values,
// and an error here wherever Python raises one.
import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { describe, expect, type TestContext, test } from "vitest";
import * as ours from "../../src/index.ts";
import { AF_INET, AF_INET6, AF_UNIX, SOCK_DGRAM, SOCK_STREAM, SocketError } from "../../src/index.ts";
import { requireTool } from "../support/tools.ts";

const { AI_CANONNAME, AI_NUMERICHOST, AI_NUMERICSERV, AI_PASSIVE } = ours;
const { NI_DGRAM, NI_NAMEREQD, NI_NUMERICHOST, NI_NUMERICSERV } = ours;

type Call = readonly [name: string, given: readonly unknown[], keywords?: Readonly<Record<string, number>>];
type Outcome =
  | { readonly value: unknown }
  | { readonly error: string; readonly errno: number | null; readonly thrown?: unknown };

const hex = (text: string) => ({ hex: text });
const four = hex("7f000001");
const sixteen = hex(`${"00".repeat(15)}01`);

const names: readonly Call[] = [
  ...[
    [null, 80],
    ["localhost", 80],
    ["localhost", "http"],
    ["localhost", null],
    ["localhost", "domain"],
    ["127.0.0.1", "0080"],
    ["127.1", 1],
    ["0x7f.1", 1],
    ["2130706433", 1],
    ["::1", 65_535],
    ["::ffff:127.0.0.1", 0],
    ["fe80::1%lo", 5],
    ["fe80::1%1", 5],
    ["1.2.3.4.5", 5],
    ["sockwright.invalid", 5],
    ["", 5],
    [null, null],
    ["127.0.0.1", "no-such-service"],
    ["127.0.0.1", ""],
    ["::1%no-such-interface", 1],
  ].map((given): Call => ["getaddrinfo", given]),
  ...[
    { family: AF_INET },
    { family: AF_INET6 },
    { family: AF_UNIX },
    { type: SOCK_STREAM },
    { type: SOCK_DGRAM },
    { type: 77 },
    { proto: 17 },
    { proto: 200 },
    { type: SOCK_STREAM, proto: 17 },
    { flags: AI_NUMERICHOST },
    { flags: AI_CANONNAME },
    { flags: AI_PASSIVE },
    { flags: 1 << 20 },
  ].map((keywords): Call => ["getaddrinfo", ["127.0.0.1", "http"], keywords]),
  ["getaddrinfo", [null, 80], { flags: AI_PASSIVE }],
  ["getaddrinfo", ["localhost", 80], { flags: AI_NUMERICHOST }],
  ["getaddrinfo", ["127.0.0.1", "http"], { flags: AI_NUMERICSERV }],
  ["getaddrinfo", ["::1", 80], { family: AF_INET }],
  ...[0, NI_NUMERICHOST, NI_NUMERICSERV, NI_NUMERICHOST | NI_NUMERICSERV, NI_DGRAM, NI_NAMEREQD, 1 << 20].flatMap(
    (flags): Call[] => [
      ["getnameinfo", [["127.0.0.1", 80], flags]],
      ["getnameinfo", [["127.0.0.1", 40_000], flags]],
      ["getnameinfo", [["192.0.2.1", 512], flags]],
      ["getnameinfo", [["::1", 80], flags]],
    ],
  ),
  ["getnameinfo", [["fe80::1", 80, 0, 1], NI_NUMERICHOST]],
  ...["localhost", "127.0.0.1", "127.1", "", "<broadcast>", "::1", "sockwright.invalid"].flatMap((host): Call[] => [
    ["gethostbyname", [host]],
    ["gethostbyaddr", [host === "" ? "127.0.0.1" : host]],
    ["getfqdn", [host]],
  ]),
  ...["localhost", "127.0.0.1", "sockwright.invalid"].map((host): Call => ["gethostbyname_ex", [host]]),
  ["getfqdn", ["  localhost "]],
  ["getfqdn", ["0.0.0.0"]],
  ["getfqdn", []],
  ["gethostname", []],
];

const services: readonly Call[] = [
  ...["http", "https", "domain", "syslog", "smtp", "no-such", "", "HTTP", "www"].flatMap((name): Call[] => [
    ["getservbyname", [name]],
    ["getservbyname", [name, "tcp"]],
    ["getservbyname", [name, "udp"]],
    ["getservbyname", [name, "no-such"]],
  ]),
  ...[0, 22, 53, 80, 443, 514, 65_535].flatMap((port): Call[] => [
    ["getservbyport", [port]],
    ["getservbyport", [port, "tcp"]],
    ["getservbyport", [port, "udp"]],
    ["getservbyport", [port, ""]],
  ]),
  ...["tcp", "udp", "icmp", "ipv6", "TCP", "no-such", ""].map((name): Call => ["getprotobyname", [name]]),
  ["if_nameindex", []],
  ["if_nametoindex", ["lo"]],
  ["if_nametoindex", ["no-such"]],
  ["if_nametoindex", [""]],
  ["if_nametoindex", ["x".repeat(500)]],
  ["if_indextoname", [1]],
  ["if_indextoname", [0]],
  ["if_indextoname", [2 ** 31]],
];

const conversions: readonly Call[] = [
  ...[
    "127.0.0.1",
    "127.1",
    "127",
    "0x7f000001",
    "0177.0.0.1",
    "1.2.3",
    "256.1.1.1",
    "1.2.3.4.5",
    "",
    " 1.2.3.4",
  ].flatMap((text): Call[] => [
    ["inet_aton", [text]],
    ["inet_pton", [AF_INET, text]],
  ]),
  ...["1.2.3.4 ", "1.2.3.4 x", "1.2.3.4x", "4294967295", "4294967296", "-1", "1.16777216", "１.2.3.4"].map(
    (text): Call => ["inet_aton", [text]],
  ),
  ...[
    "::",
    "::1",
    "1::",
    "::ffff:1.2.3.4",
    "1:2:3:4:5:6:7:8",
    "1:2:3:4:5:6:7:8:9",
    "12345::",
    ":::",
    "::1%lo",
    "",
    "1.2.3.4",
  ].map((text): Call => ["inet_pton", [AF_INET6, text]]),
  ["inet_pton", [AF_UNIX, "x"]],
  ["inet_ntop", [AF_INET, four]],
  ["inet_ntop", [AF_INET6, sixteen]],
  ["inet_ntop", [AF_INET6, hex("20010db8000000000000000000000001")]],
  ["inet_ntop", [AF_INET, sixteen]],
  ["inet_ntop", [AF_INET6, four]],
  ["inet_ntop", [AF_INET, hex("")]],
  ["inet_ntoa", [four]],
  ["inet_ntoa", [hex("ffffffff")]],
  ["inet_ntoa", [hex("7f0000")]],
  ...["htons", "ntohs", "htonl", "ntohl"].flatMap((name) =>
    [0, 1, 0x1234, 0xffff, 0x10000, 0x12345678, 0xffffffff, 2 ** 32, -1].map((value): Call => [name, [value]]),
  ),
  ...[0, 1, 4, 7, 8, 100, 65_536].flatMap((bytes): Call[] => [
    ["CMSG_LEN", [bytes]],
    ["CMSG_SPACE", [bytes]],
  ]),
  ["CMSG_LEN", [-1]],
];

function pythonsOutcomes(context: TestContext, calls: readonly Call[]): readonly Outcome[] {
  const path = fileURLToPath(new URL("../tools/names.py", import.meta.url));
  const input = JSON.stringify(calls.map(([name, given, keywords]) => [name, given, keywords ?? {}]));
  return JSON.parse(execFileSync(requireTool(context, "python3"), ["-B", path], { input, encoding: "utf8" }));
}

async function outcomeOf([name, given, keywords]: Call): Promise<Outcome> {
  try {
    const values = given.map((value) => coming(name, value));
    const call = Reflect.get(ours, name) as (...values: unknown[]) => unknown;
    return { value: going(await call(...values, ...(keywords === undefined ? [] : [keywords]))) };
  } catch (thrown) {
    return { error: "", errno: null, thrown };
  }
}

/** Converts Python's arguments to Sockwright's. */
function coming(name: string, value: unknown): unknown {
  if (Array.isArray(value)) {
    const [host, port, flowinfo, scopeId]: unknown[] = value;
    return { host, port, flowinfo, scopeId };
  }
  if (typeof value === "object" && value !== null && "hex" in value) return Buffer.from(String(value.hex), "hex");
  if (typeof value === "object" && value !== null) throw new Error(`${name} is given an object`);
  return value;
}

/** Converts Sockwright's results to Python's. */
function going(value: unknown): unknown {
  if (Buffer.isBuffer(value)) return hex(value.toString("hex"));
  if (Array.isArray(value)) return value.map(going);
  if (typeof value !== "object" || value === null || !("address" in value)) return value;
  const { family, type, protocol, canonname, address } = value as ours.AddressInfo;
  if (address.host === undefined) throw new Error("no host");
  const scoped = "scopeId" in address ? [address.flowinfo, address.scopeId] : [];
  return [family, type, protocol, canonname, [address.host, address.port, ...scoped]];
}

/** The error here that corresponds to Python's. */
function expectSame(theirs: string, theirErrno: number | null, thrown: unknown): void {
  switch (theirs) {
    case "gaierror": {
      expect(thrown).toBeInstanceOf(SocketError);
      const [name] = Object.entries(ours).find(([key, value]) => key.startsWith("EAI_") && value === theirErrno) ?? [];
      const code = name === "EAI_NONAME" || name === "EAI_NODATA" ? "ENOTFOUND" : name;
      expect(thrown).toMatchObject({ code });
      break;
    }
    case "herror":
      expect(thrown).toMatchObject({ code: "ENOTFOUND", syscall: "gethostbyaddr" });
      break;
    case "OverflowError":
      expect(thrown).toBeInstanceOf(RangeError);
      break;
    case "ValueError":
      expect(thrown).toMatchObject({ name: "TypeError", code: "ERR_INVALID_ARG_VALUE" });
      break;
    case "OSError":
      if (theirErrno !== null) expect(thrown).toMatchObject({ errno: -theirErrno });
      else if (thrown instanceof SocketError) expect(thrown.code).toMatch(/^(?:ENOENT|ENODEV)$/);
      else expect(thrown).toMatchObject({ name: "TypeError", code: "ERR_INVALID_ARG_VALUE" });
      break;
    default:
      throw new Error(`${theirs} of Python is not known here`);
  }
}

describe("the same result as Python's", () => {
  test.for([
    ["names", names],
    ["services, protocols and interfaces", services],
    ["conversions", conversions],
  ] as const)("%s", async ([, calls], context) => {
    const theirs = pythonsOutcomes(context, calls);
    expect(theirs).toHaveLength(calls.length);
    expect(theirs.filter((outcome) => "value" in outcome).length).toBeGreaterThan(calls.length / 3);
    for (const [index, call] of calls.entries()) {
      const [their, our] = [theirs[index], await outcomeOf(call)];
      const what = JSON.stringify(call);
      if (their === undefined || "value" in their) expect({ call: what, ...our }).toEqual({ call: what, ...their });
      else {
        expect(our, `${what} is ${their.error} in Python`).toHaveProperty("thrown");
        try {
          expectSame(their.error, their.errno, "thrown" in our ? our.thrown : undefined);
        } catch (cause) {
          throw new Error(`${what} is ${their.error} ${their.errno} in Python: ${String(cause)}`, { cause });
        }
      }
    }
  });
});
