import { kernel } from "../native/load.ts";
import { type AddressInput, encodeAddress } from "./address.ts";
import { int32, wrongType, wrongValue } from "./argument.ts";
import { mapPromise, tryPromise } from "./call.ts";
import { AF_INET, AF_INET6, NI_NUMERICHOST } from "./constants.ts";
import { eaiName, lookUp } from "./lookup.ts";
import { checkWait, signalOf, type WaitOptions } from "./wait-options.ts";

/**
 * Returns the names of the host and the service of an address — getnameinfo(3), Python's `socket.getnameinfo`. A host or service
 * without a name is returned as a number; with `NI_NAMEREQD`, a host without a name is an error.
 *
 * @param address - an IPv4 or IPv6 address with a port. Without a `family`, a host with a colon is IPv6.
 * @param flags - `NI_NUMERICHOST`, `NI_NUMERICSERV`, `NI_NAMEREQD`, `NI_DGRAM`, `NI_NOFQDN`. Default 0.
 * @returns `[host, service]`.
 * @throws SocketError `ENOTFOUND`, `EAI_AGAIN` …, with the address as `hostname` · AbortError · TypeError, RangeError.
 * @example
 * ```ts
 * import { getnameinfo, NI_NUMERICHOST } from "sockwright";
 *
 * console.log(await getnameinfo({ host: "127.0.0.1", port: 80 }, NI_NUMERICHOST)); // => [ '127.0.0.1', 'http' ]
 * ```
 */
export function getnameinfo(
  address: AddressInput,
  flags = 0,
  options?: WaitOptions,
): Promise<[host: string, service: string]> {
  return tryPromise(() => {
    const encoded = encodeAddress(familyOf(address), address);
    if ("name" in encoded) throw wrongValue("address.host", "must be an address, and not a name", encoded.name);
    const bits = int32("flags", flags);
    checkWait("getnameinfo()", options);
    const question = {
      syscall: "getnameinfo",
      hostname: encoded.target.address,
      isLocal: (bits & NI_NUMERICHOST) !== 0,
      statusName: eaiName,
      ask: (callback: Parameters<typeof kernel.getnameinfo>[2]) => kernel.getnameinfo(encoded.sockaddr, bits, callback),
    };
    return mapPromise(lookUp(question, signalOf(options)), ([host, service]) => [host, service]);
  });
}

function familyOf(address: unknown): number {
  if (typeof address !== "object" || address === null) {
    throw wrongType("address", 'of type object, such as { host: "127.0.0.1", port: 80 }', address);
  }
  const { family, host }: { family?: unknown; host?: unknown } = address;
  if (family === undefined) return typeof host === "string" && host.includes(":") ? AF_INET6 : AF_INET;
  if (family !== AF_INET && family !== AF_INET6) {
    throw wrongValue("address.family", "must be AF_INET or AF_INET6", family);
  }
  return family;
}
