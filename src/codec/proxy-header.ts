import { checkOptions, integer, type OptionNames, wrongType } from "../socket/values.ts";
import type { Codec, Decoder } from "./codec.ts";
import { crc32c } from "./crc32c.ts";
import { FrameDecoder } from "./frame-decoder.ts";
import { checkFrameBytes, unencodableError } from "./frame-limit.ts";
import { canonicalIp, ipBytes, ipOf } from "./ip-address.ts";
import { checkFlag } from "./option.ts";
import { encodeTlvs, type ProxyTlv, ProxyTlvType, problemOf, readTlvs } from "./proxy-tlv.ts";

/** An end of a TCP connection or a UDP flow. */
export interface ProxyHost {
  /** The address, without a zone, in canonical form. */
  readonly host: string;
  readonly port: number;
}

/** An end of a connection of Unix sockets: a path, `""` for a socket without a name, or an abstract name. */
export type ProxyUnix = { readonly path: string } | { readonly abstract: string };

/** The ends of the connection that a proxy forwards. */
export type ProxyEnds =
  /** The proxy does not know them, or its protocol has no form for them: UNKNOWN of version 1, UNSPEC of version 2. */
  | { readonly family: "unspec" }
  | {
      readonly family: "inet" | "inet6";
      readonly type: "stream" | "datagram";
      readonly source: ProxyHost;
      readonly destination: ProxyHost;
    }
  | {
      readonly family: "unix";
      readonly type: "stream" | "datagram";
      readonly source: ProxyUnix;
      readonly destination: ProxyUnix;
    };

/** A header of the PROXY protocol: whose connection a proxy forwards. */
export type ProxyHeader =
  /** The proxy speaks for itself, as in a health check: LOCAL. The peer is the one that connected. */
  | { readonly version: 2; readonly command: "local" }
  | ({ readonly version: 1; readonly command: "proxy"; readonly tlvs?: readonly [] } & ProxyEnds)
  | ({ readonly version: 2; readonly command: "proxy"; readonly tlvs?: readonly ProxyTlv[] } & ProxyEnds);

/** Options of {@link proxyHeader}. */
export interface ProxyHeaderOptions {
  /** The largest header, in bytes: 107 to 65 551, default 4 096. A larger one is an error before it is received. */
  readonly maxHeaderBytes?: number | undefined;
  /** Whether `encode` adds a CRC-32C to headers of version 2. Default false. */
  readonly checksum?: boolean | undefined;
}

const OPTIONS: OptionNames<ProxyHeaderOptions> = { maxHeaderBytes: true, checksum: true };

/** The default of `maxHeaderBytes`: the vectors of a proxy with client certificates fit. A larger header is an error. */
export const DEFAULT_MAX_PROXY_HEADER_BYTES = 4_096;
/** The largest header of version 1, with its CR LF: section 2.1. A longer line is an error. */
const MAX_V1_BYTES = 107;
/** The largest header of version 2: its length has 16 bits, section 2.2. */
const MAX_V2_BYTES = 16 + 65_535;

const NAME = "proxy-header";
const V1_START = Buffer.from("PROXY ");
const SIGNATURE = Buffer.from("\r\n\r\n\0\r\nQUIT\n", "latin1");
const V2_START_SIZE = 16;
const CR = 0x0d;
const LF = 0x0a;
/** Bytes of a path in a header: `sun_path` of struct sockaddr_un. */
const UNIX_PATH_SIZE = 108;
const CRC_TLV_SIZE = 7;

/** By the high half of byte 13: the family, and the bytes of both addresses. Section 2.2. */
const FAMILIES = [
  { family: "unspec", bytes: 0 },
  { family: "inet", bytes: 12 },
  { family: "inet6", bytes: 36 },
  { family: "unix", bytes: 2 * UNIX_PATH_SIZE },
] as const;
/** Byte 13 as far as the specification allows it. */
const PROTOCOLS: ReadonlySet<number> = new Set([0x00, 0x11, 0x12, 0x21, 0x22, 0x31, 0x32]);
const VERSION_AND_LOCAL = 0x20;
const VERSION_AND_PROXY = 0x21;

/**
 * A codec of headers of the PROXY protocol, versions 1 and 2, with which a proxy begins a connection: who its client is. Read one
 * header, and then the rest of the stream in another way. Accept headers only from proxies that you know: anyone can write one.
 * The decoder verifies a checksum, and refuses every header that the specification does not allow, at its first wrong byte where
 * that can be told. https://www.haproxy.org/download/3.0/doc/proxy-protocol.txt
 *
 * The text of `UNKNOWN` and the content of `LOCAL` are ignored, as the specification says. Padding (`NOOP`) is left out of `tlvs`.
 *
 * @throws RangeError, TypeError for an invalid option · of a decoder: FrameError `ERR_SOCKWRIGHT_FRAME_MALFORMED`,
 * `ERR_SOCKWRIGHT_FRAME_TOO_LARGE`, `ERR_SOCKWRIGHT_UNEXPECTED_END` · of `encode`: FrameError `ERR_SOCKWRIGHT_FRAME_UNENCODABLE`,
 * `ERR_SOCKWRIGHT_FRAME_TOO_LARGE`.
 * @example
 * ```ts
 * import { proxyHeader } from "sockwright/codec";
 *
 * const decoder = proxyHeader().decoder();
 * decoder.push(Buffer.from("PROXY TCP4 192.0.2.7 192.0.2.1 50000 80\r\nGET / HTTP/1.1\r\n"));
 * const header = decoder.next();
 * if (header?.command === "proxy" && header.family === "inet") console.log(header.source); // => { host: '192.0.2.7', port: 50000 }
 * console.log(decoder.rest().length); // => 16
 * ```
 */
export function proxyHeader(options: ProxyHeaderOptions = {}): Codec<ProxyHeader> {
  checkOptions("proxyHeader()", options, OPTIONS, (bytes) => `, such as { maxHeaderBytes: ${bytes} }`);
  const { maxHeaderBytes = DEFAULT_MAX_PROXY_HEADER_BYTES } = options;
  integer("options.maxHeaderBytes", maxHeaderBytes, MAX_V1_BYTES, MAX_V2_BYTES);
  const hasChecksum = checkFlag("options.checksum", options.checksum);
  return {
    name: NAME,
    decoder: (): Decoder<ProxyHeader> => new ProxyHeaderDecoder(maxHeaderBytes),
    encode(header) {
      const given: unknown = header;
      if (typeof given !== "object" || given === null) throw wrongType("frame", "a ProxyHeader", given);
      const bytes = header.version === 1 ? encodeV1(header) : encodeV2(header, hasChecksum);
      checkFrameBytes(NAME, bytes.length, maxHeaderBytes);
      return bytes;
    },
  };
}

class ProxyHeaderDecoder extends FrameDecoder<ProxyHeader> {
  readonly #maxHeaderBytes: number;

  constructor(maxHeaderBytes: number) {
    super(NAME);
    this.#maxHeaderBytes = maxHeaderBytes;
  }

  // Each received byte causes the first ones to be looked at again: there are 107 at most, or 16.
  protected measure(bytes: Buffer, start: number): number | undefined {
    const received = bytes.subarray(start);
    const isV1 = received[0] === V1_START[0];
    const expected = isV1 ? V1_START : SIGNATURE;
    const count = Math.min(received.length, expected.length);
    if (received.compare(expected, 0, count, 0, count) !== 0) {
      throw this.malformedError("the connection does not begin with a PROXY header");
    }
    return isV1 ? this.#measureV1(received) : this.#measureV2(received);
  }

  protected override lengthToSkip(): number {
    // After a wrong header nothing tells what the bytes mean.
    throw this.unskippableError();
  }

  protected open(bytes: Buffer, start: number, length: number): ProxyHeader {
    const header = bytes.subarray(start, start + length);
    const read = header[0] === CR ? readV2(header) : readV1(header.toString("latin1", 0, length - 2));
    if (typeof read === "string") throw this.malformedError(read);
    return read;
  }

  #measureV1(received: Buffer): number | undefined {
    const end = received.indexOf(LF);
    if (end < 0 && received.length < MAX_V1_BYTES) return undefined;
    if (end < 0 || end >= MAX_V1_BYTES) throw this.tooLargeError(MAX_V1_BYTES);
    if (received[end - 1] !== CR) throw this.malformedError("the line ends without CR");
    return end + 1;
  }

  #measureV2(received: Buffer): number | undefined {
    const command = received[12];
    if (command !== undefined && command >>> 4 !== 2) throw this.malformedError(`version ${command >>> 4}`);
    if (command !== undefined && command > VERSION_AND_PROXY) throw this.malformedError(`command ${command & 15}`);
    const protocol = received[13];
    // The protocol of LOCAL is ignored, section 2.2.
    if (command === VERSION_AND_PROXY && protocol !== undefined && !PROTOCOLS.has(protocol)) {
      throw this.malformedError(`address family and protocol 0x${protocol.toString(16).padStart(2, "0")}`);
    }
    if (received.length < V2_START_SIZE) return undefined;
    const length = V2_START_SIZE + received.readUInt16BE(14);
    if (length > this.#maxHeaderBytes) throw this.tooLargeError(this.#maxHeaderBytes, length);
    return length;
  }
}

/** Reads a line of version 1 without its CR LF; returns what is wrong with it. Section 2.1. */
function readV1(line: string): ProxyHeader | string {
  const start = { version: 1, command: "proxy" } as const;
  const [, protocol = "", ...fields] = line.split(" ");
  if (protocol === "UNKNOWN") return { ...start, family: "unspec" };
  const family = protocol === "TCP4" ? "inet" : protocol === "TCP6" ? "inet6" : undefined;
  if (family === undefined) return `the protocol ${JSON.stringify(protocol)}`;
  if (fields.length !== 4) return `${fields.length} words after ${protocol}, not 4`;
  const [from = "", to = "", fromPort = "", toPort = ""] = fields;
  const hosts = [from, to].map((text) => canonicalIp(family, text));
  const ports = [fromPort, toPort].map((text) => (/^(?:0|[1-9]\d{0,4})$/.test(text) ? Number(text) : 65_536));
  const [source, destination] = hosts;
  const [sourcePort = 0, destinationPort = 0] = ports;
  if (source === undefined || destination === undefined) {
    return `the address ${JSON.stringify(source === undefined ? from : to)} of ${protocol}`;
  }
  if (sourcePort > 65_535 || destinationPort > 65_535) {
    return `the port ${JSON.stringify(sourcePort > 65_535 ? fromPort : toPort)}`;
  }
  return {
    ...start,
    family,
    type: "stream",
    source: { host: source, port: sourcePort },
    destination: { host: destination, port: destinationPort },
  };
}

/** Reads a whole header of version 2; returns what is wrong with it. Section 2.2. */
function readV2(header: Buffer): ProxyHeader | string {
  if (header[12] === VERSION_AND_LOCAL) return { version: 2, command: "local" };
  const protocol = header.readUInt8(13);
  const { family, bytes } = FAMILIES[protocol >>> 4] ?? FAMILIES[0];
  const left = header.length - V2_START_SIZE;
  if (left < bytes) return `${left} bytes where the addresses have ${bytes}`;
  const tlvs = readTlvs(header, V2_START_SIZE + bytes);
  if (typeof tlvs === "string") return tlvs;
  const start = { version: 2, command: "proxy", tlvs } as const;
  if (family === "unspec") return { ...start, family };
  const type = (protocol & 15) === 1 ? "stream" : "datagram";
  const addresses = header.subarray(V2_START_SIZE, V2_START_SIZE + bytes);
  if (family === "unix") {
    const source = unixOf(addresses.subarray(0, UNIX_PATH_SIZE));
    return { ...start, family, type, source, destination: unixOf(addresses.subarray(UNIX_PATH_SIZE)) };
  }
  const size = (bytes - 4) / 2;
  const hostAt = (index: number): ProxyHost => ({
    host: ipOf(addresses.subarray(index * size, (index + 1) * size)),
    port: addresses.readUInt16BE(2 * size + 2 * index),
  });
  return { ...start, family, type, source: hostAt(0), destination: hostAt(1) };
}

/** Reads `sun_path`: a path ends at its first zero byte, an abstract name begins with one, unix(7). */
function unixOf(bytes: Buffer): ProxyUnix {
  const isAbstract = bytes[0] === 0 && bytes.some((byte) => byte !== 0);
  const name = isAbstract ? bytes.subarray(1) : bytes;
  const end = name.indexOf(0);
  const text = name.toString("utf8", 0, end < 0 ? name.length : end);
  return isAbstract ? { abstract: text } : { path: text };
}

function encodeV1(header: ProxyHeader & { readonly version: 1 }): Buffer {
  if (header.family === "unspec") return Buffer.from("PROXY UNKNOWN\r\n");
  const tlvs: readonly unknown[] = header.tlvs ?? [];
  if (tlvs.length > 0) throw unencodableError(NAME, "version 1 has no TLVs");
  if (header.family === "unix" || header.type !== "stream") {
    throw unencodableError(NAME, "version 1 has TCP alone: use version 2, or the family unspec");
  }
  const { family, source, destination } = header;
  const protocol = family === "inet" ? "TCP4" : "TCP6";
  const ends = [hostOf(family, source), hostOf(family, destination)];
  return Buffer.from(`PROXY ${protocol} ${ends.join(" ")} ${portOf(source)} ${portOf(destination)}\r\n`);
}

function encodeV2(header: ProxyHeader & { readonly version: 2 }, hasChecksum: boolean): Buffer {
  if (header.command === "local") return v2(VERSION_AND_LOCAL, 0, [], hasChecksum);
  const tlvs = header.tlvs ?? [];
  for (const { type, value } of tlvs) {
    const problem =
      type === ProxyTlvType.CRC32C
        ? "the option checksum adds the CRC-32C"
        : problemOf(integer("type", type, 0, 255), value);
    if (problem !== undefined) throw unencodableError(NAME, problem);
    if (value.length > 65_535) throw unencodableError(NAME, `a TLV of ${value.length} bytes`);
  }
  const rest = [encodeTlvs(tlvs)];
  if (header.family === "unspec") return v2(VERSION_AND_PROXY, 0, rest, hasChecksum);
  const type = header.type === "stream" ? 1 : 2;
  if (header.family === "unix") {
    const ends = [unixBytes(header.source), unixBytes(header.destination)];
    return v2(VERSION_AND_PROXY, 0x30 | type, [...ends, ...rest], hasChecksum);
  }
  const { family, source, destination } = header;
  const ends = [source, destination].map((end) => ipBytes(hostOf(family, end)));
  const ports = Buffer.alloc(4);
  ports.writeUInt16BE(portOf(source));
  ports.writeUInt16BE(portOf(destination), 2);
  return v2(VERSION_AND_PROXY, (family === "inet" ? 0x10 : 0x20) | type, [...ends, ports, ...rest], hasChecksum);
}

function v2(command: number, protocol: number, parts: readonly Buffer[], hasChecksum: boolean): Buffer {
  const body = Buffer.concat(hasChecksum ? [...parts, encodeTlvs([emptyChecksum()])] : parts);
  if (body.length > 65_535) throw unencodableError(NAME, `${body.length} bytes of addresses and TLVs`);
  const header = Buffer.concat([SIGNATURE, Buffer.of(command, protocol, body.length >>> 8, body.length & 0xff), body]);
  // The checksum is of the whole header with zeros in its place: they are at the end.
  if (hasChecksum) header.writeUInt32BE(crc32c(header), header.length - CRC_TLV_SIZE + 3);
  return header;
}

function emptyChecksum(): ProxyTlv {
  return { type: ProxyTlvType.CRC32C, value: Buffer.alloc(4) };
}

function hostOf(family: "inet" | "inet6", { host }: ProxyHost): string {
  const text = canonicalIp(family, host);
  if (text === undefined) throw unencodableError(NAME, `${JSON.stringify(host)} is no address of ${family}`);
  return text;
}

function portOf({ port }: ProxyHost): number {
  return integer("port", port, 0, 65_535);
}

function unixBytes(end: ProxyUnix): Buffer {
  const name = Buffer.from("path" in end ? end.path : `\0${end.abstract}`);
  if (name.length > UNIX_PATH_SIZE) throw unencodableError(NAME, `a Unix name of ${name.length} bytes`);
  if (name.includes(0, "path" in end ? 0 : 1)) throw unencodableError(NAME, "a zero byte in a Unix name");
  return Buffer.concat([name], UNIX_PATH_SIZE);
}
