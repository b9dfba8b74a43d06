// Services and protocols by name and number.
import { kernel } from "../native/load.ts";
import { port as checkPort } from "./argument.ts";
import { ENOENT } from "./errno.ts";
import { checkLength, MAX_SERVICE_BYTES, textOf } from "./host.ts";
import { SocketError } from "./socket-error.ts";

/**
 * Returns the port of a service from /etc/services — getservbyname(3), Python's `socket.getservbyname`.
 *
 * @param protocol - `"tcp"`, `"udp"` …; if it is omitted, any protocol of the service matches.
 * @throws SocketError `ENOENT` if there is no such service · TypeError, RangeError.
 * @example
 * ```ts
 * import { getservbyname, getservbyport } from "sockwright";
 *
 * console.log(getservbyname("http", "tcp"), getservbyport(80, "tcp")); // => 80 http
 * ```
 */
export function getservbyname(name: string, protocol?: string): number {
  const port = kernel.getservbyname(nameOf("name", name), protocolOf(protocol));
  return foundNumber("getservbyname", port, [name, protocol]);
}

/**
 * Returns the service of a port — getservbyport(3), Python's `socket.getservbyport`. See {@link getservbyname}.
 *
 * @param port - 0 to 65 535.
 * @throws SocketError `ENOENT` if there is no such service · TypeError, RangeError.
 */
export function getservbyport(port: number, protocol?: string): string {
  const name = kernel.getservbyport(checkPort("port", port), protocolOf(protocol));
  if (typeof name === "number") throw notFound("getservbyport", name, [port, protocol]);
  return name;
}

/**
 * Returns the number of a protocol from /etc/protocols — getprotobyname(3), Python's `socket.getprotobyname`.
 *
 * @throws SocketError `ENOENT` if there is no such protocol · TypeError, RangeError.
 * @example
 * ```ts
 * import { getprotobyname, IPPROTO_TCP } from "sockwright";
 *
 * console.log(getprotobyname("tcp") === IPPROTO_TCP); // => true
 * ```
 */
export function getprotobyname(name: string): number {
  return foundNumber("getprotobyname", kernel.getprotobyname(nameOf("name", name)), [name]);
}

function nameOf(argument: string, name: unknown): string {
  return checkLength(argument, textOf(argument, name), MAX_SERVICE_BYTES);
}

function protocolOf(protocol: unknown): string | undefined {
  return protocol === undefined ? undefined : nameOf("protocol", protocol);
}

function foundNumber(syscall: string, result: number, asked: readonly unknown[]): number {
  if (result < 0) throw notFound(syscall, result, asked);
  return result;
}

/** The C functions set no errno for a missing entry, and Python's OSError has none; here it is ENOENT. */
function notFound(syscall: string, result: number, asked: readonly unknown[]): SocketError {
  const what = asked.filter((part) => part !== undefined).join("/");
  const style = result === -ENOENT ? { advice: `${what} is not known here` } : "long";
  return new SocketError(syscall, -result, undefined, style);
}
