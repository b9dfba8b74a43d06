// Network interfaces by name and number.
import { kernel } from "../native/load.ts";
import { integer } from "./argument.ts";
import { textOf } from "./host.ts";
import { SocketError, succeed } from "./socket-error.ts";

/**
 * Returns the network interfaces of this machine, or of this network namespace — if_nameindex(3), Python's
 * `socket.if_nameindex`.
 *
 * @returns `[index, name]` for each interface.
 * @throws SocketError.
 * @example
 * ```ts
 * import { if_nameindex } from "sockwright";
 *
 * console.log(if_nameindex().find(([, name]) => name === "lo")); // => [ 1, 'lo' ]
 * ```
 */
export function if_nameindex(): [index: number, name: string][] {
  const found = kernel.if_nameindex();
  if (typeof found === "number") throw new SocketError("if_nameindex", -found);
  return found.map(([index, name]) => [index, name]);
}

/**
 * Returns the index of an interface, for the `scopeId` of an address and for many options — if_nametoindex(3), Python's
 * `socket.if_nametoindex`.
 *
 * @throws SocketError `ENODEV` if no interface has that name · TypeError.
 * @example
 * ```ts
 * import { if_indextoname, if_nametoindex } from "sockwright";
 *
 * console.log(if_indextoname(if_nametoindex("lo"))); // => lo
 * ```
 */
export function if_nametoindex(name: string): number {
  return succeed(kernel.if_nametoindex(textOf("name", name)), "if_nametoindex");
}

/**
 * Returns the name of an interface — if_indextoname(3), Python's `socket.if_indextoname`. See {@link if_nametoindex}.
 *
 * @param index - 0 to 2^32 - 1; an interface has at least 1.
 * @throws SocketError `ENXIO` if no interface has that index · TypeError, RangeError.
 */
export function if_indextoname(index: number): string {
  const name = kernel.if_indextoname(integer("index", index, 0, 0xffffffff));
  if (typeof name === "number") throw new SocketError("if_indextoname", -name);
  return name;
}
