// gethostname, gethostbyname, gethostbyname_ex, gethostbyaddr and getfqdn.
import { hostname } from "node:os";
import type { HostEntry, LookupCallback } from "../native/kernel.ts";
import { kernel } from "../native/load.ts";
import { getaddrinfo } from "./address-info.ts";
import { wrongType } from "./argument.ts";
import { mapPromise, tryPromise } from "./call.ts";
import { AF_INET, AF_INET6, AF_UNSPEC, AI_PASSIVE, SOCK_STREAM } from "./constants.ts";
import { hostOf, isNumeric } from "./host.ts";
import { hostErrorName, lookUp } from "./lookup.ts";
import { SocketError } from "./socket-error.ts";
import { checkWait, signalOf, type WaitOptions } from "./wait-options.ts";

/** The name of a host, its aliases and its addresses: Python's triple. */
export type HostNames = [hostname: string, aliases: string[], addresses: string[]];

/**
 * Returns the name of this machine — gethostname(2), Python's `socket.gethostname`. See {@link getfqdn}.
 */
export function gethostname(): string {
  return hostname();
}

/**
 * Returns the first IPv4 address of a host — gethostbyname(3), Python's `socket.gethostbyname`. Use {@link getaddrinfo} for IPv6
 * and for all addresses.
 *
 * @param name - a name or an address; `""` is `0.0.0.0`, and `"<broadcast>"` is `255.255.255.255`.
 * @throws SocketError `ENOTFOUND`, `EAI_AGAIN`, `EAI_ADDRFAMILY` … · AbortError · TypeError, RangeError.
 * @example
 * ```ts
 * import { gethostbyname } from "sockwright";
 *
 * console.log(await gethostbyname("localhost")); // => 127.0.0.1
 * ```
 */
export function gethostbyname(name: string, options?: WaitOptions): Promise<string> {
  return tryPromise(() => {
    checkWait("gethostbyname()", options);
    return mapPromise(firstAddress("name", name, AF_INET, options), ({ host }) => host);
  });
}

/**
 * Looks up a host by its name and returns its names and IPv4 addresses — gethostbyname(3), Python's `socket.gethostbyname_ex`.
 *
 * @returns `[hostname, aliases, addresses]`.
 * @throws SocketError `ENOTFOUND`, `EAI_AGAIN` … (Python's `herror`) · AbortError · TypeError, RangeError.
 * @example
 * ```ts
 * import { gethostbyname_ex } from "sockwright";
 *
 * const [, , addresses] = await gethostbyname_ex("localhost");
 * console.log(addresses.includes("127.0.0.1")); // => true
 * ```
 */
export function gethostbyname_ex(name: string, options?: WaitOptions): Promise<HostNames> {
  return tryPromise(() => {
    const host = hostOf("name", name);
    checkWait("gethostbyname_ex()", options);
    return hostEntry("gethostbyname", name, isNumeric(host), options, (callback) =>
      kernel.gethostbyname(host, AF_INET, callback),
    );
  });
}

/**
 * Looks up a host by its address and returns its names and addresses — gethostbyaddr(3), Python's `socket.gethostbyaddr`.
 *
 * @param address - an IPv4 or IPv6 address; a name is looked up first.
 * @returns `[hostname, aliases, addresses]`.
 * @throws SocketError `ENOTFOUND`, `EAI_AGAIN` … (Python's `herror`) · AbortError · TypeError, RangeError.
 * @example
 * ```ts
 * import { gethostbyaddr } from "sockwright";
 *
 * const [hostname] = await gethostbyaddr("127.0.0.1");
 * console.log(hostname); // => localhost
 * ```
 */
export function gethostbyaddr(address: string, options?: WaitOptions): Promise<HostNames> {
  return tryPromise(() => {
    checkWait("gethostbyaddr()", options);
    const found = firstAddress("address", address, AF_UNSPEC, options);
    const names = found.then(({ family, host }) => {
      const bytes = new Uint8Array(family === AF_INET6 ? 16 : 4);
      kernel.inet_pton(family, host, bytes);
      return hostEntry("gethostbyaddr", address, false, options, (callback) =>
        kernel.gethostbyaddr(family, bytes, callback),
      );
    });
    return mapPromise(names, (entry) => entry);
  });
}

/**
 * Returns the full name of a host: the first of its names that has a dot — Python's `socket.getfqdn`. For an unknown host it
 * returns `name`.
 *
 * @param name - a name or an address; `""`, the default, is this machine.
 * @throws AbortError · TypeError, RangeError.
 * @example
 * ```ts
 * import { getfqdn, gethostname } from "sockwright";
 *
 * console.log(await getfqdn("nobody.invalid")); // => nobody.invalid
 * console.log((await getfqdn()) === (await getfqdn(gethostname()))); // => true
 * ```
 */
export function getfqdn(name = "", options?: WaitOptions): Promise<string> {
  return tryPromise(() => {
    if (typeof name !== "string") throw wrongType("name", "of type string", name);
    checkWait("getfqdn()", options);
    const given = name.trim();
    const asked = ["", "0.0.0.0", "::"].includes(given) ? gethostname() : given;
    const known = gethostbyaddr(asked, options).then(
      ([hostname, aliases]) => [hostname, ...aliases].find((each) => each.includes(".")) ?? hostname,
      (error: unknown) => {
        if (error instanceof SocketError) return asked;
        throw error;
      },
    );
    return mapPromise(known, (full) => full);
  });
}

/** Resolves a name to its first address, as Python does for these functions (setipaddr, socketmodule.c). */
function firstAddress(
  argument: string,
  name: string,
  family: number,
  options: WaitOptions | undefined,
): Promise<{ readonly family: number; readonly host: string }> {
  const host = hostOf(argument, name);
  if (host === "<broadcast>") return Promise.resolve({ family: AF_INET, host: "255.255.255.255" });
  const flags = host === "" ? AI_PASSIVE : 0;
  const found = getaddrinfo(host === "" ? null : name, 0, { ...options, family, type: SOCK_STREAM, flags });
  return mapPromise(found, ([first]) => ({ family: first?.family ?? AF_INET, host: String(first?.address.host) }));
}

function hostEntry(
  syscall: string,
  hostname: string,
  isLocal: boolean,
  options: WaitOptions | undefined,
  ask: (callback: LookupCallback<HostEntry>) => number,
): Promise<HostNames> {
  const found = lookUp({ syscall, hostname, isLocal, statusName: hostErrorName, ask }, signalOf(options));
  return mapPromise(found, ([name, aliases, addresses]) => [name, [...aliases], [...addresses]]);
}
