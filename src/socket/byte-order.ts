// Numbers in the network's byte order: htons, ntohs, htonl and ntohl.
import { integer } from "./argument.ts";

/**
 * Converts a 16-bit number to network byte order, as C lays out a port — htons(3), Python's `socket.htons`. A DataView needs no
 * such function: it uses that order by default.
 *
 * @param value - 0 to 65 535.
 * @throws TypeError; RangeError, which is Python's OverflowError.
 * @example
 * ```ts
 * import { htons, ntohs } from "sockwright";
 *
 * console.log(ntohs(htons(8080))); // => 8080
 * ```
 */
export function htons(value: number): number {
  return swapped16(integer("value", value, 0, 0xffff));
}

/** Converts a 16-bit number back — ntohs(3), Python's `socket.ntohs`. See {@link htons}. */
export function ntohs(value: number): number {
  return swapped16(integer("value", value, 0, 0xffff));
}

/**
 * Converts a 32-bit number to network byte order, as C lays out an IPv4 address — htonl(3), Python's `socket.htonl`. See
 * {@link htons}.
 *
 * @param value - 0 to 2^32 - 1.
 * @throws TypeError; RangeError, which is Python's OverflowError.
 */
export function htonl(value: number): number {
  return swapped32(integer("value", value, 0, 0xffffffff));
}

/** Converts a 32-bit number back — ntohl(3), Python's `socket.ntohl`. See {@link htons}. */
export function ntohl(value: number): number {
  return swapped32(integer("value", value, 0, 0xffffffff));
}

// A typed array has the machine's byte order, a DataView the network's: a big-endian machine swaps nothing.
function swapped16(value: number): number {
  return new DataView(Uint16Array.of(value).buffer).getUint16(0);
}

function swapped32(value: number): number {
  return new DataView(Uint32Array.of(value).buffer).getUint32(0);
}
