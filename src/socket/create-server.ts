import { type AddressInput, encodeNumericAddress } from "./address.ts";
import { integer, wrongType, wrongValue } from "./argument.ts";
import {
  AF_INET,
  AF_INET6,
  IPPROTO_IPV6,
  IPV6_V6ONLY,
  SO_REUSEADDR,
  SO_REUSEPORT,
  SOCK_STREAM,
  SOL_SOCKET,
} from "./constants.ts";
import { checkOptions, type OptionNames } from "./option-names.ts";
import { type Listener, Socket } from "./socket.ts";
import { SocketError } from "./socket-error.ts";
import { isInternet } from "./socket-type.ts";

/** The options of {@link create_server}: the names are Python's. */
export interface CreateServerOptions {
  /** `AF_INET6`, `AF_UNIX` … Default: the family that the address names, or else `AF_INET`. */
  readonly family?: number | undefined;
  /** The number of connections that may wait to be accepted, as in {@link Socket.listen}. Default: the kernel's maximum. */
  readonly backlog?: number | undefined;
  /**
   * SO_REUSEPORT: several listeners may use the address and share its connections. Default false. It applies to IPv4 and IPv6
   * only: other families have no ports, and the option changes nothing.
   */
  readonly reuse_port?: boolean | undefined;
  /** With `AF_INET6`: whether the listener also accepts IPv4 clients, as `::ffff:127.0.0.1`. Default false. */
  readonly dualstack_ipv6?: boolean | undefined;
}

/** sa_family_t. */
const LAST_FAMILY = 0xffff;

const CREATE_SERVER_OPTIONS: OptionNames<CreateServerOptions> = {
  family: true,
  backlog: true,
  reuse_port: true,
  dualstack_ipv6: true,
};

/**
 * Makes a listening socket — Python's `socket.create_server`. SO_REUSEADDR is on, so that a server can restart at once. An
 * `AF_INET6` listener accepts IPv4 clients only with `dualstack_ipv6`, whatever the machine's settings are.
 *
 * @param address - as {@link Socket.bind} takes it: a host is numeric, `""` (any address) or `"localhost"`.
 * @returns a listener that the caller closes. Where it fails, nothing is left open.
 * @throws SocketError `EADDRINUSE`, `EACCES`, `EADDRNOTAVAIL`, `EAFNOSUPPORT` … · SockwrightError `ERR_SOCKWRIGHT_NAME` for
 * a host name · TypeError (`ERR_INVALID_ARG_VALUE`, where Python has ValueError: a dual stack of another family, or of a
 * machine without IPv6), RangeError.
 * @example
 * ```ts
 * import { AF_INET6, create_server, has_dualstack_ipv6, socket } from "sockwright";
 *
 * const server = has_dualstack_ipv6()
 *   ? create_server({ host: "", port: 0 }, { family: AF_INET6, dualstack_ipv6: true })
 *   : create_server({ host: "", port: 0 });
 * const { port = 0 } = server.getsockname();
 * const client = socket();
 * await client.connect({ host: "127.0.0.1", port });
 * const [peer] = await server.accept();
 * console.log(peer.getsockname().port === port); // => true
 * for (const each of [server, client, peer]) each.close();
 * ```
 */
export function create_server(address: AddressInput, options: CreateServerOptions = {}): Listener {
  checkOptions("create_server()", options, CREATE_SERVER_OPTIONS);
  const { family = familyIn(address), backlog, reuse_port = false, dualstack_ipv6 = false } = options;
  integer("options.family", family, 0, LAST_FAMILY);
  if (backlog !== undefined) integer("options.backlog", backlog, 0, 0x7fffffff);
  if (typeof reuse_port !== "boolean") throw wrongType("options.reuse_port", "of type boolean", reuse_port);
  if (typeof dualstack_ipv6 !== "boolean") throw wrongType("options.dualstack_ipv6", "of type boolean", dualstack_ipv6);
  if (dualstack_ipv6 && family !== AF_INET6)
    throw wrongValue("options.dualstack_ipv6", "needs the family AF_INET6", dualstack_ipv6);
  if (dualstack_ipv6 && !has_dualstack_ipv6())
    throw wrongValue("options.dualstack_ipv6", "needs IPv6, which this machine has not", dualstack_ipv6);
  encodeNumericAddress(family, address);
  const made = new Socket<unknown>(family, SOCK_STREAM);
  try {
    // A Unix path is not freed by it, and the kernel takes it all the same (sock_setsockopt).
    made.setsockopt(SOL_SOCKET, SO_REUSEADDR, 1);
    if (reuse_port && isInternet(family)) made.setsockopt(SOL_SOCKET, SO_REUSEPORT, 1);
    if (family === AF_INET6) made.setsockopt(IPPROTO_IPV6, IPV6_V6ONLY, dualstack_ipv6 ? 0 : 1);
    made.bind(address);
    return made.listen(backlog);
  } catch (error) {
    made.close();
    throw error;
  }
}

/**
 * Returns whether one listener of this machine can accept clients over both IPv4 and IPv6, as Python's
 * `socket.has_dualstack_ipv6`. See {@link create_server}.
 */
export function has_dualstack_ipv6(): boolean {
  let made: Socket | undefined;
  try {
    made = new Socket(AF_INET6, SOCK_STREAM);
    made.setsockopt(IPPROTO_IPV6, IPV6_V6ONLY, 0);
    return true;
  } catch (error) {
    if (error instanceof SocketError) return false;
    throw error;
  } finally {
    made?.close();
  }
}

/** What `getsockname()` gives has it. What is no address at all is refused with the words for one of IPv4. */
function familyIn(address: unknown): number {
  if (typeof address !== "object" || address === null || !("family" in address)) return AF_INET;
  const { family } = address;
  return family === undefined ? AF_INET : integer("address.family", family, 0, LAST_FAMILY);
}
