import type { FoundAddress } from "../native/kernel.ts";
import { kernel } from "../native/load.ts";
import { type Address, decodeAddress } from "./address.ts";
import { int32 } from "./argument.ts";
import { mapPromise, tryPromise } from "./call.ts";
import { AF_UNSPEC, AI_NUMERICHOST } from "./constants.ts";
import { hostOf, isNumeric, serviceOf } from "./host.ts";
import { eaiName, lookUp } from "./lookup.ts";
import { checkOptions, type OptionNames } from "./option-names.ts";
import { signalOf } from "./wait-options.ts";

/** One way to reach a host: the arguments of `socket()`, and the address to `connect` or `bind` to. */
export interface AddressInfo {
  /** `AF_INET` or `AF_INET6`. */
  readonly family: number;
  /** `SOCK_STREAM`, `SOCK_DGRAM` or `SOCK_RAW`. */
  readonly type: number;
  /** `IPPROTO_TCP` …; 0 where the type has no protocol of its own. */
  readonly protocol: number;
  /** With `AI_CANONNAME`, in the first of the list, the host's own name; else `""`. */
  readonly canonname: string;
  /** The address, with the port. */
  readonly address: Address;
}

/** Which addresses are wanted. */
export interface AddressInfoOptions {
  /** `AF_INET` or `AF_INET6`. Default `AF_UNSPEC`: both. */
  readonly family?: number | undefined;
  /** `SOCK_STREAM`, `SOCK_DGRAM` … Default 0: one of each for every address. */
  readonly type?: number | undefined;
  /** `IPPROTO_TCP`, `IPPROTO_UDP` … Default 0: any. */
  readonly proto?: number | undefined;
  /** `AI_PASSIVE`, `AI_CANONNAME` … Default 0. */
  readonly flags?: number | undefined;
  /**
   * Ends the wait with an AbortError. A query that has started continues, its answer is discarded, and it keeps the process
   * alive until it ends.
   */
  readonly signal?: AbortSignal | undefined;
}

const ADDRESS_INFO_OPTIONS: OptionNames<AddressInfoOptions> = {
  family: true,
  type: true,
  proto: true,
  flags: true,
  signal: true,
};

/**
 * Looks up the addresses of a host and the port of a service — getaddrinfo(3), Python's `socket.getaddrinfo`. The query runs in
 * a thread of libuv's pool and follows the order of `nsswitch.conf(5)`: by default /etc/hosts first. The system sorts the
 * addresses by RFC 6724; try them in this order.
 *
 * @param host - a name or an address, at most 255 bytes; a name that is not ASCII is encoded as IDNA has it. `null` is this
 * machine: the loopback, or with `AI_PASSIVE` any address.
 * @param port - a number from 0 to 65 535, the same in digits, or the name of a service, such as `"http"`. `null` is none, port 0.
 * @returns at least one address.
 * @throws SocketError with Node's codes, `ENOTFOUND`, `EAI_AGAIN`, `EAI_SERVICE`, `EAI_FAMILY` …, its `hostname` the host that
 * was asked for (Python's `gaierror`) · AbortError · TypeError, RangeError.
 * @example
 * ```ts
 * import { AF_INET, getaddrinfo, SOCK_STREAM } from "sockwright";
 *
 * for (const { address } of await getaddrinfo("localhost", "http", { family: AF_INET, type: SOCK_STREAM })) {
 *   console.log(address.host, address.port); // => 127.0.0.1 80
 * }
 * ```
 */
export function getaddrinfo(
  host: string | null,
  port: number | string | null,
  options: AddressInfoOptions = {},
): Promise<AddressInfo[]> {
  return tryPromise(() => {
    const name = host === null ? undefined : hostOf("host", host, "of type string or null");
    const service = port === null ? undefined : serviceOf("port", port);
    checkOptions("getaddrinfo()", options, ADDRESS_INFO_OPTIONS);
    const { family = AF_UNSPEC, type = 0, proto = 0, flags = 0 } = options;
    const hints = [
      int32("options.family", family),
      int32("options.type", type),
      int32("options.proto", proto),
      int32("options.flags", flags),
    ] as const;
    const question = {
      syscall: "getaddrinfo",
      hostname: host ?? undefined,
      isLocal: name === undefined || isNumeric(name) || (flags & AI_NUMERICHOST) !== 0,
      statusName: eaiName,
      ask: (callback: Parameters<typeof kernel.getaddrinfo>[6]) =>
        kernel.getaddrinfo(name, service, ...hints, callback),
    };
    return mapPromise(lookUp(question, signalOf(options)), (found) => found.flatMap(addressInfo));
  });
}

function addressInfo({ family, type, protocol, canonname, sockaddr }: FoundAddress): AddressInfo[] {
  const view = new DataView(sockaddr.buffer, sockaddr.byteOffset, sockaddr.byteLength);
  const address = decodeAddress(view, 0, sockaddr.byteLength);
  return address === undefined ? [] : [{ family, type, protocol, canonname, address }];
}
