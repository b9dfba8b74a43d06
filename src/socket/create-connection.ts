import { isIP } from "node:net";
import { type AddressInput, encodeNumericAddress } from "./address.ts";
import { addressForm } from "./address-form.ts";
import { port as checkPort, integer, wrongType } from "./argument.ts";
import { tryPromise } from "./call.ts";
import { ConnectionAttempts } from "./connection-attempts.ts";
import { AF_INET, AF_INET6, AF_UNSPEC } from "./constants.ts";
import { checkTimeout, getdefaulttimeout } from "./default-timeout.ts";
import { checkOptions, type OptionNames } from "./option-names.ts";
import type { Socket } from "./socket.ts";
import { signalOf } from "./wait-options.ts";

/** How {@link create_connection} connects. */
export interface CreateConnectionOptions {
  /**
   * The time-out in ms for all of it, the look-up included; then `ERR_SOCKWRIGHT_TIMEOUT`. The socket keeps this time-out, see
   * {@link Socket.settimeout}. Default: {@link getdefaulttimeout}.
   */
  readonly timeoutMs?: number | null | undefined;
  /** The address to bind the socket to first: a host is numeric, `""` or `"localhost"`; with port 0 the kernel chooses. */
  readonly source_address?: AddressInput | undefined;
  /**
   * Whether the error is an AggregateError of all addresses' errors, where Python has an ExceptionGroup. Default false: the
   * error of the last address.
   */
  readonly all_errors?: boolean | undefined;
  /** Ends the attempt with an AbortError. */
  readonly signal?: AbortSignal | undefined;
}

const CREATE_CONNECTION_OPTIONS: OptionNames<CreateConnectionOptions> = {
  timeoutMs: true,
  source_address: true,
  all_errors: true,
  signal: true,
};

/**
 * Connects to a host over TCP, by any of its addresses — Python's `socket.create_connection`. It tries the addresses of a name
 * as RFC 8305 says, IPv6 and IPv4 in turn: the next one as soon as one fails, or after 250 ms beside one that does not answer.
 * The first connection is used; the other attempts are closed.
 *
 * @param address - `{ host, port }`, the host a name or numeric; a `family` is the only one that is tried.
 * @returns a socket of the caller's.
 * @throws SocketError `ECONNREFUSED`, `ETIMEDOUT`, `ENOTFOUND` (of the look-up) … · SockwrightError `ERR_SOCKWRIGHT_TIMEOUT` ·
 * AbortError · with `all_errors` AggregateError, its `errors` in the order of the addresses · TypeError, RangeError. Where it
 * fails, nothing is left open.
 * @example
 * ```ts
 * import { create_connection, create_server } from "sockwright";
 *
 * const server = create_server({ host: "127.0.0.1", port: 0 });
 * const { port = 0 } = server.getsockname();
 * const client = await create_connection({ host: "localhost", port }, { timeoutMs: 5_000 });
 * console.log(client.getpeername().host, client.timeout); // => 127.0.0.1 5000
 * client.close();
 * server.close();
 * ```
 */
export function create_connection(address: AddressInput, options: CreateConnectionOptions = {}): Promise<Socket> {
  return tryPromise(() => {
    const to = destinationOf(address);
    checkOptions("create_connection()", options, CREATE_CONNECTION_OPTIONS, timeForm);
    const { timeoutMs = getdefaulttimeout(), source_address: source, all_errors: allErrors = false } = options;
    checkTimeout("options.timeoutMs", timeoutMs);
    if (typeof allErrors !== "boolean") throw wrongType("options.all_errors", "of type boolean", allErrors);
    const sourceFamily = familyOfSource(source, to.family);
    const family = to.family === AF_UNSPEC ? sourceFamily : to.family;
    const signal = signalOf(options);
    return new ConnectionAttempts({ ...to, family, source, timeoutMs, allErrors }).run(signal);
  });
}

/** In place of a time, which is Python's second argument. */
function timeForm(timeoutMs: number): string {
  return `, such as { timeoutMs: ${timeoutMs} }`;
}

interface Destination {
  readonly host: string;
  readonly port: number;
  /** AF_UNSPEC is any. */
  readonly family: number;
  /** Nobody has to be asked for the address. */
  readonly numeric: AddressInput | undefined;
}

function destinationOf(address: unknown): Destination {
  if (typeof address !== "object" || address === null || Array.isArray(address) || ArrayBuffer.isView(address)) {
    throw wrongType("address", `of type object${addressForm(AF_INET, address)}`, address);
  }
  const { host, port, family: given }: { host?: unknown; port?: unknown; family?: unknown } = address;
  if (typeof host !== "string")
    throw wrongType("address.host", "of type string: a connection goes to { host, port }", host);
  const checkedPort = checkPort("address.port", port);
  const wanted = given === undefined ? AF_UNSPEC : integer("address.family", given, 0, 0xffff);
  const version = isIP(host.split("%")[0] ?? "");
  const family = wanted === AF_UNSPEC && version !== 0 ? (version === 6 ? AF_INET6 : AF_INET) : wanted;
  if (version === 0 && host !== "") return { host, port: checkedPort, family, numeric: undefined };
  const numeric: AddressInput = {
    ...address,
    host,
    port: checkedPort,
    family: family === AF_UNSPEC ? AF_INET : family,
  };
  encodeNumericAddress(numeric.family ?? AF_INET, numeric);
  return { host, port: checkedPort, family: numeric.family ?? AF_INET, numeric };
}

/** A source of one family can reach that one alone. */
function familyOfSource(source: unknown, target: number): number {
  if (source === undefined) return AF_UNSPEC;
  const isObject = typeof source === "object" && source !== null;
  const { host, family: given }: { host?: unknown; family?: unknown } = isObject ? source : {};
  const version = typeof host === "string" ? isIP(host.split("%")[0] ?? "") : 0;
  const own = given ?? (version === 0 ? AF_UNSPEC : version === 6 ? AF_INET6 : AF_INET);
  const family = integer("options.source_address.family", own, 0, 0xffff);
  const checked = target === AF_UNSPEC ? (family === AF_UNSPEC ? AF_INET : family) : target;
  encodeNumericAddress(checked, source, "options.source_address");
  return family;
}
