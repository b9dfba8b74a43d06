import { kernel } from "../native/load.ts";
import { addressForm, fieldsForm } from "./address-form.ts";
import { port as checkPort, integer, outOfRange, wrongType, wrongValue } from "./argument.ts";
import { AF_INET, AF_INET6, AF_UNIX, AF_VSOCK } from "./constants.ts";
import type { ErrorTarget } from "./socket-error.ts";
import { SockwrightError } from "./sockwright-error.ts";

/** An IPv4 address, ip(7): `host` in dotted form, `port` 0 to 65 535. */
export interface InetAddress {
  readonly family: typeof AF_INET;
  readonly host: string;
  readonly port: number;
  readonly cid?: undefined;
  readonly path?: undefined;
  readonly abstract?: undefined;
}

/** An IPv6 address, ipv6(7). `scopeId` is an interface index, for link-local addresses; a host may end in `%interface`. */
export interface Inet6Address {
  readonly family: typeof AF_INET6;
  readonly host: string;
  readonly port: number;
  readonly flowinfo: number;
  readonly scopeId: number;
  readonly cid?: undefined;
  readonly path?: undefined;
  readonly abstract?: undefined;
}

/**
 * A Unix address, unix(7): a `path` in the file system (`""` is unnamed), or an `abstract` name, of exact length and
 * without the leading NUL. Either is a string, or a Buffer where the bytes are not UTF-8.
 */
export type UnixAddress = UnixPathAddress | UnixAbstractAddress;

/** A Unix address in the file system; `""` is an unnamed socket. At most 107 bytes. */
export interface UnixPathAddress {
  readonly family: typeof AF_UNIX;
  readonly path: string | Buffer;
  readonly abstract?: undefined;
  readonly host?: undefined;
  readonly cid?: undefined;
  readonly port?: undefined;
}

/** A Unix address in Linux's abstract namespace. At most 107 bytes. */
export interface UnixAbstractAddress {
  readonly family: typeof AF_UNIX;
  readonly abstract: string | Buffer;
  readonly path?: undefined;
  readonly host?: undefined;
  readonly cid?: undefined;
  readonly port?: undefined;
}

/**
 * The address of a virtual machine or its host, vsock(7). Both numbers go to 2^32 - 1: `cid` is `VMADDR_CID_HOST` or
 * another, and to bind to, `VMADDR_CID_ANY` and `VMADDR_PORT_ANY` leave the choice to the kernel.
 */
export interface VsockAddress {
  readonly family: typeof AF_VSOCK;
  readonly cid: number;
  readonly port: number;
  readonly host?: undefined;
  readonly path?: undefined;
  readonly abstract?: undefined;
}

/** An address of a family that this library has no fields for: the bytes after `sa_family`. */
export interface RawAddress {
  readonly family: number;
  readonly bytes: Uint8Array;
  readonly host?: undefined;
  readonly cid?: undefined;
  readonly port?: undefined;
  readonly path?: undefined;
  readonly abstract?: undefined;
}

/** Any socket address, as the calls give it. */
export type Address = InetAddress | Inet6Address | UnixAddress | VsockAddress | RawAddress;

/** An address as the calls accept it: one of the socket's own family, which may be omitted. */
export type AddressInput =
  | {
      readonly family?: number;
      readonly host: string;
      readonly port: number;
      readonly flowinfo?: number;
      readonly scopeId?: number;
    }
  | { readonly family?: number; readonly cid: number; readonly port: number }
  | { readonly family?: number; readonly path: string | Uint8Array }
  | { readonly family?: number; readonly abstract: string | Uint8Array }
  | { readonly family: number; readonly bytes: Uint8Array };

/** Whether IPv6 is built in, as in Python: always true. Bind to `::1` to find out whether the machine has IPv6. */
export const has_ipv6 = true;

/** A sockaddr, and its text for errors. */
export interface EncodedAddress {
  readonly sockaddr: Uint8Array;
  readonly target: ErrorTarget;
}

/** A host that is a name and not an address: a caller that may resolve names does so and encodes the result. */
export interface UnresolvedHost {
  readonly name: string;
  readonly port: number;
}

/** sockaddr_storage holds any address; this is its size. */
export const SOCKADDR_BYTES = 128;
/**
 * The most bytes of a Unix path or abstract name; a longer one is a RangeError. sun_path holds 108 bytes: a path and its NUL,
 * or a NUL and an abstract name.
 */
const UNIX_NAME_BYTES = 107;
const LOOPBACK = { [AF_INET]: "127.0.0.1", [AF_INET6]: "::1" } as const;
const ANY = { [AF_INET]: "0.0.0.0", [AF_INET6]: "::" } as const;

/** The memory in which the kernel leaves an address: an int32 with its length, then the sockaddr. */
export class AddressBuffer {
  readonly bytes = new Uint8Array(4 + SOCKADDR_BYTES);
  readonly #view = new DataView(this.bytes.buffer);

  /** The address that the last call left here. */
  get(): Address | undefined {
    const length = this.#view.getInt32(0, true);
    // accept(2) and recvfrom(2) return the full length even when they cut the address; the missing bytes are not read.
    return decodeAddress(this.#view, 4, Math.min(length, SOCKADDR_BYTES));
  }
}

/** Reads a sockaddr of `length` bytes at `offset`. Returns undefined for length 0: recvfrom on a stream leaves no address. */
export function decodeAddress(view: DataView, offset: number, length: number): Address | undefined {
  if (length < 2) return undefined;
  const family = view.getUint16(offset, true);
  if (family === AF_INET && length >= 16) {
    return { family, host: inetText(view.getUint32(offset + 4)), port: view.getUint16(offset + 2) };
  }
  const bytes = (from: number, to: number): Buffer =>
    Buffer.from(view.buffer, view.byteOffset + offset + from, to - from);
  if (family === AF_INET6 && length >= 28) {
    return {
      family,
      host: String(kernel.inet_ntop(AF_INET6, bytes(8, 24))),
      port: view.getUint16(offset + 2),
      flowinfo: view.getUint32(offset + 4),
      scopeId: view.getUint32(offset + 24, true),
    };
  }
  if (family === AF_UNIX) return decodeUnix(bytes(2, length));
  // struct sockaddr_vm: unlike those of ip(7), its numbers are in the machine's own order.
  if (family === AF_VSOCK && length >= 16) {
    return { family, cid: view.getUint32(offset + 8, true), port: view.getUint32(offset + 4, true) };
  }
  return { family, bytes: Buffer.from(bytes(2, length)) };
}

/**
 * The most texts of IPv4 addresses that the cache keeps; when it is full, it starts empty. A server's peers have few addresses,
 * and each connection keeps its own text.
 */
export const MAX_INET_TEXTS = 1024;
const inetTexts = new Map<number, string>();

function inetText(address: number): string {
  const known = inetTexts.get(address);
  if (known !== undefined) return known;
  const text = `${address >>> 24}.${(address >>> 16) & 255}.${(address >>> 8) & 255}.${address & 255}`;
  if (inetTexts.size >= MAX_INET_TEXTS) inetTexts.clear();
  inetTexts.set(address, text);
  return text;
}

// unix(7): length 2 is unnamed; a leading NUL is an abstract name of exact length; else a path up to its first NUL.
function decodeUnix(name: Buffer): UnixAddress {
  if (name.length > 0 && name[0] === 0) return { family: AF_UNIX, abstract: textOrBytes(name.subarray(1)) };
  const end = name.indexOf(0);
  return { family: AF_UNIX, path: textOrBytes(end < 0 ? name : name.subarray(0, end)) };
}

function textOrBytes(bytes: Buffer): string | Buffer {
  const text = bytes.toString();
  return Buffer.from(text).equals(bytes) ? text : Buffer.from(bytes);
}

/**
 * Encodes an address of a socket's family as a sockaddr. A host is numeric, `""` (any), `localhost` (loopback of the family),
 * or a name, which is returned unresolved.
 */
export function encodeAddress(family: number, address: unknown, name = "address"): EncodedAddress | UnresolvedHost {
  if (typeof address !== "object" || address === null || Array.isArray(address) || ArrayBuffer.isView(address)) {
    throw wrongType(name, `of type object${addressForm(family, address)}`, address);
  }
  const fields: { readonly [field: string]: unknown } = { ...address };
  const given = fields["family"];
  if (given !== undefined && given !== family)
    throw wrongValue(`${name}.family`, `must be the socket's own, ${family}, or left out`, given);
  if (fields["bytes"] !== undefined) return encodeRaw(family, fields["bytes"], name);
  if (family === AF_INET || family === AF_INET6) return encodeInet(family, fields, name);
  if (family === AF_UNIX) return encodeUnix(fields, name);
  if (family === AF_VSOCK) return encodeVsock(fields, name);
  throw wrongValue(name, `must have bytes: family ${family} has no other form`, address);
}

/** Like {@link encodeAddress}, for calls that resolve no name: a name throws `ERR_SOCKWRIGHT_NAME`. */
export function encodeNumericAddress(family: number, address: unknown, name = "address"): EncodedAddress {
  const encoded = encodeAddress(family, address, name);
  if ("name" in encoded) throw new SockwrightError("ERR_SOCKWRIGHT_NAME");
  return encoded;
}

function encodeInet(
  family: typeof AF_INET | typeof AF_INET6,
  fields: { readonly [field: string]: unknown },
  name: string,
): EncodedAddress | UnresolvedHost {
  const given = fields["host"];
  if (typeof given !== "string") throw wrongType(`${name}.host`, `of type string${fieldsForm(family)}`, given);
  const port = checkPort(`${name}.port`, fields["port"]);
  const host = given === "" ? ANY[family] : given === "localhost" ? LOOPBACK[family] : given;
  // Python's words for two addresses.
  if (host === "<broadcast>" || host === "<any>") {
    const address = host === "<any>" ? '""' : '"255.255.255.255"';
    throw wrongValue(`${name}.host`, `must be ${address}`, host);
  }
  if (host.includes("\0")) throw wrongValue(`${name}.host`, "must not contain a NUL", given);
  const percent = family === AF_INET6 ? host.indexOf("%") : -1;
  const sockaddr = new Uint8Array(family === AF_INET ? 16 : 28);
  const view = new DataView(sockaddr.buffer);
  view.setUint16(0, family, true);
  view.setUint16(2, port);
  const room = sockaddr.subarray(family === AF_INET ? 4 : 8, family === AF_INET ? 8 : 24);
  if (kernel.inet_pton(family, percent < 0 ? host : host.slice(0, percent), room) !== 1) {
    return { name: checkHostName(family, host, name), port };
  }
  if (family === AF_INET6) {
    const scopeId = percent < 0 ? fields["scopeId"] : scopeOf(host.slice(percent + 1), name);
    view.setUint32(4, optional(`${name}.flowinfo`, fields["flowinfo"], 0xfffff));
    view.setUint32(24, optional(`${name}.scopeId`, scopeId, 0xffffffff), true);
  }
  return { sockaddr, target: { address: host, port } };
}

function optional(name: string, value: unknown, max: number): number {
  return value === undefined ? 0 : integer(name, value, 0, max);
}

/** Returns a host that is no address of the family as a name. It throws when the host is an address of the other family. */
function checkHostName(family: number, host: string, name: string): string {
  const other = family === AF_INET ? AF_INET6 : AF_INET;
  // No name has a colon, a percent sign or a space.
  const looksNumeric =
    /[:%\s]/.test(host) || /^[\d.]+$/.test(host) || kernel.inet_pton(other, host, new Uint8Array(16)) === 1;
  if (looksNumeric) {
    const kind = family === AF_INET ? "IPv4" : "IPv6";
    const form = addressForm(family, host).replace(/^, such as/, ":");
    const isWithPort = /^(\[.*\]|[^:]*):\d+$/.test(host);
    throw wrongValue(`${name}.host`, `must be an ${kind} address or a name${isWithPort ? form : ""}`, host);
  }
  return host;
}

function scopeOf(zone: string, name: string): number {
  const index = /^\d+$/.test(zone) ? Number(zone) : kernel.if_nametoindex(zone);
  if (index < 0 || index > 0xffffffff)
    throw wrongValue(`${name}.host`, "must end in the name or number of an interface after %", zone);
  return index;
}

function encodeUnix(fields: { readonly [field: string]: unknown }, prefix: string): EncodedAddress {
  const isAbstract = fields["abstract"] !== undefined;
  if (isAbstract && fields["path"] !== undefined)
    throw wrongValue(prefix, "has both a path and an abstract name", fields);
  const field = isAbstract ? `${prefix}.abstract` : `${prefix}.path`;
  const given = isAbstract ? fields["abstract"] : fields["path"];
  if (typeof given !== "string" && !(given instanceof Uint8Array)) {
    throw wrongType(field, `of type string or an instance of Uint8Array${fieldsForm(AF_UNIX)}`, given);
  }
  const name = typeof given === "string" ? Buffer.from(given) : given;
  if (name.length > UNIX_NAME_BYTES)
    throw outOfRange(field, `at most ${UNIX_NAME_BYTES} bytes long`, `${name.length} bytes`);
  if (!isAbstract && name.includes(0)) throw wrongValue(field, "must not contain a NUL", given);
  const unnamed = !isAbstract && name.length === 0;
  // A path includes its terminating NUL, an abstract name its leading one: in both cases one byte more.
  const sockaddr = new Uint8Array(unnamed ? 2 : 3 + name.length);
  new DataView(sockaddr.buffer).setUint16(0, AF_UNIX, true);
  sockaddr.set(name, isAbstract ? 3 : 2);
  return { sockaddr, target: { address: `${isAbstract ? "@" : ""}${Buffer.from(name).toString()}` } };
}

function encodeVsock(fields: { readonly [field: string]: unknown }, name: string): EncodedAddress {
  if (fields["cid"] === undefined) throw wrongType(`${name}.cid`, `of type number${fieldsForm(AF_VSOCK)}`, undefined);
  const cid = integer(`${name}.cid`, fields["cid"], 0, 0xffffffff);
  const port = integer(`${name}.port`, fields["port"], 0, 0xffffffff);
  const sockaddr = new Uint8Array(16);
  const view = new DataView(sockaddr.buffer);
  view.setUint16(0, AF_VSOCK, true);
  view.setUint32(4, port, true);
  view.setUint32(8, cid, true);
  return { sockaddr, target: { address: `vsock:${cid}`, port } };
}

function encodeRaw(family: number, bytes: unknown, name: string): EncodedAddress {
  if (!(bytes instanceof Uint8Array)) throw wrongType(`${name}.bytes`, "an instance of Uint8Array", bytes);
  if (bytes.length > SOCKADDR_BYTES - 2)
    throw outOfRange(`${name}.bytes`, `at most ${SOCKADDR_BYTES - 2} bytes long`, bytes.length);
  const sockaddr = new Uint8Array(2 + bytes.length);
  new DataView(sockaddr.buffer).setUint16(0, family, true);
  sockaddr.set(bytes, 2);
  return { sockaddr, target: { address: Buffer.from(bytes).toString("hex") } };
}
