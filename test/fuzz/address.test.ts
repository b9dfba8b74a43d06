// The fuzz test of addresses: bytes as the kernel leaves them, of any length and cut anywhere, and addresses from programs.
import { isDeepStrictEqual } from "node:util";
import { expect, test } from "vitest";
import { AF_INET, AF_INET6, AF_NETLINK, AF_UNIX, AF_VSOCK } from "../../src/index.ts";
import { type Address, AddressBuffer, decodeAddress, encodeNumericAddress } from "../../src/socket/address.ts";
import { decoded, rewritten } from "./address-reference.ts";
import { type Draw, findPlanted, fuzz, type Round, timeout } from "./fuzz-run.ts";

interface Subject {
  decode(view: DataView, offset: number, length: number): Address | undefined;
  encode(family: number, address: unknown): Uint8Array;
  /** The address in a buffer whose int32 length the kernel has set. */
  inBuffer(buffer: AddressBuffer): Address | undefined;
}

const ours: Subject = {
  decode: decodeAddress,
  encode: (family, address) => encodeNumericAddress(family, address).sockaddr,
  inBuffer: (room) => room.get(),
};

const FAMILIES = [AF_INET, AF_INET6, AF_UNIX, AF_UNIX, AF_VSOCK, AF_NETLINK, 0, 0xffff] as const;
const MOST_BYTES = 128;

/** Zeros are common, as in "::", and so are lengths that are nearly right. */
function sockaddr(draw: Draw): Uint8Array {
  const length = draw.one([
    draw.below(6),
    14 + draw.below(5),
    26 + draw.below(5),
    108 + draw.below(5),
    draw.below(129),
  ]);
  const zeros = draw.one([1, 3, 30]);
  const bytes = Uint8Array.from({ length: Math.min(length, MOST_BYTES) }, () =>
    draw.once(zeros) ? 0 : draw.below(256),
  );
  const family = draw.one(FAMILIES);
  bytes.set([family & 0xff, family >> 8].slice(0, bytes.length));
  if (family === AF_INET6 && draw.once(2)) bytes.fill(0, 4, 6 + draw.below(16));
  // Half of the names are text.
  return family === AF_UNIX && draw.once(2) ? bytes.map((byte) => byte & 0x7f) : bytes;
}

const VALUES = [
  ...([
    "",
    "127.0.0.1",
    "::1",
    "fe80::1%lo",
    "localhost",
    "example.org",
    "::ffff:1.2.3.4",
    "1.2.3",
    "a\0b",
    "%",
    "[::1]",
  ] as const),
  ...([0, 1, 80, 65_535, 65_536, 0xfffff, 0x100000, 0xffffffff, 2 ** 32, -1, 0.5, Number.NaN, 2n, true, null] as const),
  ...([undefined, {}, [], new Uint8Array(3), new Uint8Array(107), new Uint8Array(126), new Uint8Array(127)] as const),
  ...(["é".repeat(53), "é".repeat(54), new Uint16Array(2), Buffer.from("/tmp/x"), Symbol("x")] as const),
] as const;
const FIELDS = ["host", "port", "path", "abstract", "cid", "flowinfo", "scopeId", "bytes", "family"] as const;

/** Mostly two fields that belong together, and any others. */
function given(draw: Draw): unknown {
  const fields = draw.one([
    ["host", "port"],
    ["cid", "port"],
    ["path"],
    ["abstract"],
    ["bytes"],
    [draw.one(FIELDS)],
    [],
  ]);
  const more = draw.once(4) ? [draw.one(FIELDS)] : [];
  return draw.once(30)
    ? draw.one(VALUES)
    : Object.fromEntries([...fields, ...more].map((name) => [name, draw.one(VALUES)]));
}

function roundOf({ decode, encode, inBuffer }: Subject): Round {
  const read = (draw: Draw): string | undefined => {
    const bytes = sockaddr(draw);
    const memory = Uint8Array.from({ length: MOST_BYTES + 80 }, () => draw.below(256));
    const before = draw.below(40);
    memory.set(bytes, before);
    const found = decode(new DataView(memory.buffer), before, bytes.length);
    if (!isSame(found, decoded(bytes))) return told(bytes, "is read as", found, "not", decoded(bytes));
    return bytes.length < 2 ? undefined : written(bytes, found);
  };
  const written = (bytes: Uint8Array, address: unknown): string | undefined => {
    const expected = rewritten(bytes);
    const found = attempt(() => encode(Buffer.from(bytes).readUInt16LE(0), address));
    if (typeof found === "string")
      return found.startsWith("RangeError") && expected === undefined ? undefined : told(bytes, "is refused", found);
    return expected !== undefined && Buffer.from(found).equals(expected)
      ? undefined
      : told(bytes, "is written as", found, "not", expected);
  };
  const left = (draw: Draw): string | undefined => {
    const room = new AddressBuffer();
    room.bytes.set(
      Uint8Array.from({ length: MOST_BYTES }, () => draw.below(256)),
      4,
    );
    room.bytes.set(sockaddr(draw), 4);
    const length = draw.one([draw.below(140), draw.uint32() | 0, -1, 2 ** 31 - 1]);
    new DataView(room.bytes.buffer).setInt32(0, length, true);
    const expected = decoded(room.bytes.subarray(4, 4 + Math.max(0, Math.min(length, MOST_BYTES))));
    const found = inBuffer(room);
    return isSame(found, expected) ? undefined : told(room.bytes, "gives", found, "not", expected);
  };
  const taken = (draw: Draw): string | undefined => {
    const [family, address] = [draw.one(FAMILIES), given(draw)];
    const found = attempt(() => encode(family, address));
    if (typeof found === "string") {
      return /^(?:(?:Type|Range)Error ERR_|Error ERR_SOCKWRIGHT_NAME$)/.test(found)
        ? undefined
        : told(family, address, "throws", found);
    }
    const again = decoded(found);
    const isWhole = found.length <= MOST_BYTES && again?.family === family;
    return isWhole ? written(found, again) : told(family, address, "is written as", found);
  };
  return (draw) => draw.one([read, left, taken])(draw);
}

/** An error as its class and code. */
function attempt(call: () => Uint8Array): Uint8Array | string {
  try {
    return call();
  } catch (error) {
    return error instanceof Error
      ? `${error.name} ${"code" in error ? String(error.code) : error.message}`
      : String(error);
  }
}

function isSame(found: Address | undefined, expected: Address | undefined): boolean {
  return isDeepStrictEqual(plain(found), plain(expected));
}

/** Bytes as text: it makes no difference whether they are a Buffer of their own. */
function plain(address: Address | undefined): unknown {
  return Object.entries(address ?? {}).map(([name, value]: [string, unknown]) => [name, shown(value)]);
}

function shown(value: unknown): string {
  return value instanceof Uint8Array ? `<${Buffer.from(value).toString("hex")}>` : `${typeof value} ${String(value)}`;
}

function told(...parts: readonly unknown[]): string {
  const text = (part: unknown): string => {
    if (typeof part === "string") return part;
    return typeof part === "object" && part !== null && !(part instanceof Uint8Array)
      ? `{ ${Object.entries(part)
          .map(([name, value]) => `${name}: ${shown(value)}`)
          .join(", ")} }`
      : shown(part);
  };
  return parts.map(text).join(" ");
}

test("reading any bytes and writing any address agree with the reference", { timeout }, () => {
  expect(fuzz("address", roundOf(ours))).toBeUndefined();
});

/** The decoder with a changed view or result. */
function decoding(change: (view: DataView, offset: number, length: number) => Address | undefined): Subject {
  return { ...ours, decode: change };
}

const swapped = (port: number): number => ((port & 0xff) << 8) | (port >> 8);

test.each<[string, Subject, RegExp]>([
  [
    "an address that ends with the room is none",
    decoding((view, at, length) => decodeAddress(view, at, length === 16 ? 15 : length)),
    /is read as/,
  ],
  [
    "a port in the machine's order",
    decoding((...given) => {
      const address = decodeAddress(...given);
      return address?.family === AF_INET && address.host !== undefined
        ? { ...address, port: swapped(address.port) }
        : address;
    }),
    /is read as/,
  ],
  [
    "a name that goes on behind its end",
    decoding((view, at, length) => decodeAddress(view, at, Math.min(length + 1, 128))),
    /is read as/,
  ],
  ["a length that is not checked against the room", { ...ours, inBuffer: unchecked }, /gives/],
  [
    "a path without its NUL",
    { ...ours, encode: (family, address) => withoutNul(ours.encode(family, address)) },
    /is written as/,
  ],
  ["an error that is none of ours", { ...ours, encode: withoutCodes }, /is refused|throws/],
])("a fault is found: %s", (_name, planted, said) => {
  expect(findPlanted(roundOf(planted))).toMatch(said);
});

function unchecked(room: AddressBuffer): Address | undefined {
  const view = new DataView(room.bytes.buffer);
  return decodeAddress(view, 4, Math.abs(view.getInt32(0, true)) % 132);
}

function withoutNul(sockaddr: Uint8Array): Uint8Array {
  return sockaddr[0] === AF_UNIX && sockaddr.at(-1) === 0 && sockaddr[2] !== 0 ? sockaddr.subarray(0, -1) : sockaddr;
}

function withoutCodes(family: number, address: unknown): Uint8Array {
  try {
    return ours.encode(family, address);
  } catch (error) {
    throw new Error("cannot read properties of undefined", { cause: error });
  }
}
