// The host and service arguments of the resolver.
import { isIP } from "node:net";
import { domainToASCII } from "node:url";
import { port as checkPort, outOfRange, wrongType, wrongValue } from "./argument.ts";

/** The most bytes of a host name — RFC 1035, section 2.3.4; a longer one is a RangeError. */
const MAX_HOST_BYTES = 255;
/**
 * The most bytes of the name of a service or a protocol; a longer one is a RangeError. No standard limits them; existing names
 * have some ten bytes.
 */
export const MAX_SERVICE_BYTES = 255;

/** Returns a host for the resolver: a name that is not ASCII is converted to its form of RFC 3490, `xn--…`. */
export function hostOf(name: string, host: unknown, expected = "of type string"): string {
  const text = textOf(name, host, expected);
  const isAscii = [...text].every((character) => character <= "\x7f");
  const ascii = isAscii ? text : domainToASCII(text);
  if (ascii === "" && text !== "") throw wrongValue(name, "must be a name that IDNA can encode", host);
  return checkLength(name, ascii, MAX_HOST_BYTES);
}

/** Returns a service for the resolver: a port as a number or in digits, or the name of a service. */
export function serviceOf(name: string, service: unknown): string {
  if (typeof service === "number") return String(checkPort(name, service));
  const text = checkLength(name, textOf(name, service, "of type number, string or null"), MAX_SERVICE_BYTES);
  // strtoul(3) would accept a sign, and getaddrinfo(3) would use the low 16 bits of a number that is too large.
  return /^\s*[-+]?\d+$/.test(text) ? String(checkPort(name, Number(text))) : text;
}

/** Checks that a text has no NUL, where C would end it. */
export function textOf(name: string, value: unknown, expected = "of type string"): string {
  if (typeof value !== "string") throw wrongType(name, expected, value);
  if (value.includes("\0")) throw wrongValue(name, "must not contain a NUL", value);
  return value;
}

export function checkLength(name: string, text: string, maxBytes: number): string {
  const bytes = Buffer.byteLength(text);
  if (bytes > maxBytes) throw outOfRange(name, `at most ${maxBytes} bytes long`, `${bytes} bytes`);
  return text;
}

/** Whether a host is an IP address, which needs no look-up. */
export function isNumeric(host: string): boolean {
  return isIP(host) !== 0;
}
