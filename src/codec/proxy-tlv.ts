import { crc32c } from "./crc32c.ts";

/** One type-length-value vector of a PROXY header of version 2, section 2.2 of the specification. */
export interface ProxyTlv {
  /** 0 to 255. The types of the specification are in {@link ProxyTlvType}. */
  readonly type: number;
  /** At most 65 535 bytes. */
  readonly value: Buffer;
}

/** The types of vectors that the specification defines, sections 2.2.1 to 2.2.8. */
export const ProxyTlvType = {
  /** The protocol that the client and the proxy chose, as in TLS. */
  ALPN: 0x01,
  /** The host name that the client sent, as in TLS's server name. */
  AUTHORITY: 0x02,
  /** The CRC-32C of the header, with this value as zeros. */
  CRC32C: 0x03,
  /** Padding. */
  NOOP: 0x04,
  /** An id of the connection, at most 128 bytes. */
  UNIQUE_ID: 0x05,
  /** What the proxy knows of the client's TLS. */
  SSL: 0x20,
  /** The name of the network namespace. */
  NETNS: 0x30,
} as const;

/** The most bytes of a {@link ProxyTlvType.UNIQUE_ID}, section 2.2.5. A longer one is malformed. */
const MAX_UNIQUE_ID_BYTES = 128;

const TLV_HEADER_SIZE = 3;
const CRC_SIZE = 4;
/** The byte `client` and the number `verify` before the vectors within {@link ProxyTlvType.SSL}, section 2.2.6. */
const SSL_HEADER_SIZE = 5;

/** Returns the vectors from `at` to the end of a header, or what is wrong with them. */
export function readTlvs(header: Buffer, at: number): readonly ProxyTlv[] | string {
  const tlvs: ProxyTlv[] = [];
  let hasChecksum = false;
  for (let next = at; next < header.length; ) {
    if (header.length - next < TLV_HEADER_SIZE) return `${header.length - next} bytes after the last TLV`;
    const type = header.readUInt8(next);
    const length = header.readUInt16BE(next + 1);
    const from = next + TLV_HEADER_SIZE;
    next = from + length;
    if (next > header.length) return `a TLV of ${length} bytes where ${header.length - from} are left`;
    const value = header.subarray(from, next);
    const problem = type === ProxyTlvType.CRC32C && hasChecksum ? "two checksums" : problemOf(type, value);
    if (problem !== undefined) return problem;
    if (type === ProxyTlvType.CRC32C) {
      hasChecksum = true;
      if (value.readUInt32BE() !== checksumOf(header, from)) return "the checksum does not match";
    }
    if (type !== ProxyTlvType.NOOP) tlvs.push({ type, value: Buffer.from(value) });
  }
  return tlvs;
}

/** Returns the checksum of a header whose own checksum is at `at`, section 2.2.3. */
function checksumOf(header: Buffer, at: number): number {
  const copy = Buffer.from(header);
  copy.fill(0, at, at + CRC_SIZE);
  return crc32c(copy);
}

/** What is wrong with a value of a type whose form the specification defines. */
export function problemOf(type: number, value: Buffer): string | undefined {
  if (type === ProxyTlvType.CRC32C && value.length !== CRC_SIZE) return `a checksum of ${value.length} bytes`;
  if (type === ProxyTlvType.UNIQUE_ID && value.length > MAX_UNIQUE_ID_BYTES) {
    return `a unique id of ${value.length} bytes, more than ${MAX_UNIQUE_ID_BYTES}`;
  }
  if (type !== ProxyTlvType.SSL) return undefined;
  if (value.length < SSL_HEADER_SIZE) return `an SSL TLV of ${value.length} bytes, less than ${SSL_HEADER_SIZE}`;
  for (let next = SSL_HEADER_SIZE; next < value.length; ) {
    if (value.length - next < TLV_HEADER_SIZE)
      return `${value.length - next} bytes after the last TLV within that of SSL`;
    next += TLV_HEADER_SIZE + value.readUInt16BE(next + 1);
    if (next > value.length) return "a TLV within that of SSL is longer than it";
  }
  return undefined;
}

/** Encodes vectors. */
export function encodeTlvs(tlvs: readonly ProxyTlv[]): Buffer {
  return Buffer.concat(
    tlvs.flatMap(({ type, value }) => [Buffer.of(type, value.length >>> 8, value.length & 0xff), value]),
  );
}
