// Network interfaces by name and number.
import { kernel } from "../native/load.ts";
import { integer } from "./argument.ts";
import { textOf } from "./host.ts";
import { SocketError, succeed } from "./socket-error.ts";

/**
 * The network interfaces of this machine, or of this network namespace — if_nameindex(3), Python's `socket.if_nameindex`.
 *
 * @returns `[index, name]` of each.
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
 * The index of an interface, as `scopeId` of an address and many options take it — if_nametoindex(3), Python's
 * `socket.if_nametoindex`.
 *
 * @throws SocketError `ENODEV` where there is none of that name · TypeError.
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
 * The name of an interface — if_indextoname(3), Python's `socket.if_indextoname`. See {@link if_nametoindex}.
 *
 * @param index - 0 to 2^32 - 1; an interface has at least 1.
 * @throws SocketError `ENXIO` where there is none with that index · TypeError, RangeError.
 */
export function if_indextoname(index: number): string {
  const name = kernel.if_indextoname(integer("index", index, 0, 0xffffffff));
  if (typeof name === "number") throw new SocketError("if_indextoname", -name);
  return name;
}
