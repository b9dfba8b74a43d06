// Addresses as text: inet_pton, inet_ntop, inet_aton and inet_ntoa.
import { kernel } from "../native/load.ts";
import { int32, viewOf, wrongValue } from "./argument.ts";
import { AF_INET, AF_INET6 } from "./constants.ts";
import { textOf } from "./host.ts";
import { SocketError, succeed } from "./socket-error.ts";

/**
 * The most bytes of an address as text; a longer text is rejected as no address, since inet(3) would accept any number of
 * zeros.
 */
const MAX_ADDRESS_TEXT_BYTES = 128;

/**
 * Returns the bytes of an address in network byte order — inet_pton(3), Python's `socket.inet_pton`. For IPv4 it accepts four
 * decimal numbers only; {@link inet_aton} accepts the short forms.
 *
 * @param family - `AF_INET`, which has 4 bytes, or `AF_INET6`, which has 16.
 * @throws SocketError `EAFNOSUPPORT` for another family · TypeError for what is no address: Python's OSError.
 * @example
 * ```ts
 * import { AF_INET6, inet_ntop, inet_pton } from "sockwright";
 *
 * const packed = inet_pton(AF_INET6, "0:0::1");
 * console.log(packed.length, inet_ntop(AF_INET6, packed)); // => 16 ::1
 * ```
 */
export function inet_pton(family: number, text: string): Buffer {
  const bytes = Buffer.alloc(int32("family", family) === AF_INET ? 4 : 16);
  const isWritten = succeed(kernel.inet_pton(family, short(text), bytes), "inet_pton") === 1;
  if (!isWritten) throw wrongValue("text", `must be an ${family === AF_INET ? "IPv4" : "IPv6"} address`, text);
  return bytes;
}

/**
 * The text of an address — inet_ntop(3), Python's `socket.inet_ntop`. See {@link inet_pton}.
 *
 * @param packed - 4 bytes for `AF_INET`, 16 for `AF_INET6`.
 * @throws SocketError `EAFNOSUPPORT` for another family · TypeError, also for another number of bytes: Python's ValueError.
 */
export function inet_ntop(family: number, packed: NodeJS.ArrayBufferView): string {
  const wanted = int32("family", family);
  const bytes = viewOf("packed", packed);
  const size = wanted === AF_INET ? 4 : wanted === AF_INET6 ? 16 : bytes.length;
  if (bytes.length !== size) throw wrongValue("packed", `must have ${size} bytes`, bytes);
  const text = kernel.inet_ntop(wanted, bytes);
  if (typeof text === "number") throw new SocketError("inet_ntop", -text);
  return text;
}

/**
 * Returns the four bytes of an IPv4 address and also accepts the short forms of C — inet_aton(3), Python's `socket.inet_aton`:
 * `"127.1"`, `"0x7f000001"`, `"0177.0.0.1"`. As in C, it ignores text after white space: use {@link inet_pton} for addresses
 * from others.
 *
 * @throws TypeError for what is no address: Python's OSError.
 * @example
 * ```ts
 * import { inet_aton, inet_ntoa } from "sockwright";
 *
 * console.log(inet_ntoa(inet_aton("127.1"))); // => 127.0.0.1
 * ```
 */
export function inet_aton(text: string): Buffer {
  const bytes = Buffer.alloc(4);
  if (succeed(kernel.inet_aton(short(text), bytes), "inet_aton") !== 1) {
    throw wrongValue("text", "must be an IPv4 address", text);
  }
  return bytes;
}

/**
 * The text of an IPv4 address — inet_ntoa(3), Python's `socket.inet_ntoa`. See {@link inet_aton}.
 *
 * @param packed - 4 bytes.
 * @throws TypeError, also for another number of bytes: Python's OSError.
 */
export function inet_ntoa(packed: NodeJS.ArrayBufferView): string {
  return inet_ntop(AF_INET, packed);
}

function short(text: unknown): string {
  const checked = textOf("text", text);
  if (Buffer.byteLength(checked) > MAX_ADDRESS_TEXT_BYTES) throw wrongValue("text", "must be an address", text);
  return checked;
}
