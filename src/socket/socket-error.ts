import { errnoName, errnoText } from "./errno.ts";

/** The destination of a failed call: an IP host and port, or a Unix path, as the error's `address` and `port`. */
export interface ErrorTarget {
  readonly address: string;
  readonly port?: number;
  /** The socket's own address, where Node's message has it: a connect that failed at once. */
  readonly local?: string;
}

/** The host that a look-up asked for, as the error's `hostname`; undefined where it asked for no host. */
export interface LookupTarget {
  readonly hostname?: string | undefined;
}

/**
 * A system call that failed, in Node's own shape: `code` (`"ECONNREFUSED"`), `errno` (negative, `-111`), `syscall` (the
 * C call), and where the call named one, `address` and `port`. The message is the one that `node:net` and `node:dgram`
 * give. Match on `code`. Of a name that does not resolve, which is Python's `gaierror` and `herror`, it is that of
 * `dns.lookup`: `ENOTFOUND`, `EAI_AGAIN` …, with the name as `hostname`.
 *
 * @example
 * ```ts
 * import { socket, SocketError } from "sockwright";
 *
 * const client = socket();
 * try {
 *   await client.connect({ host: "127.0.0.1", port: 1 });
 * } catch (error) {
 *   console.log(error instanceof SocketError && error.code); // => ECONNREFUSED
 * }
 * client.close();
 * ```
 */
export class SocketError extends Error {
  /** The errno's name, as in errno(3). */
  readonly code: string;
  /** The negated errno, as in every system error of Node. */
  readonly errno: number;
  /** The C call that failed. */
  readonly syscall: string;
  /** The host or path that the call named. */
  declare readonly address?: string;
  /** The port that the call named. */
  declare readonly port?: number;
  /** The name that was looked up. */
  declare readonly hostname?: string;
  /** For `sendall` and `sendfile`: how many bytes the kernel had taken before it failed. */
  declare readonly bytesSent?: number;

  /** @internal */
  constructor(
    syscall: string,
    errno: number,
    target?: ErrorTarget | LookupTarget,
    style: "short" | "long" | { advice: string } = "short",
  ) {
    const code = errnoName(errno);
    const text = style === "short" ? "" : `: ${style === "long" ? errnoText(errno) : style.advice}`;
    super(`${syscall} ${code}${text}${place(target)}`);
    this.code = code;
    this.errno = -errno;
    this.syscall = syscall;
    if (target === undefined) return;
    if (!("address" in target)) {
      if (target.hostname !== undefined) this.hostname = target.hostname;
    } else {
      this.address = target.address;
      // As in Node, port 0 is no port.
      if (target.port !== undefined && target.port > 0) this.port = target.port;
    }
  }
}

/** Returns the result of a native call, or throws when it is negative. */
export function succeed(result: number, syscall: string, target?: ErrorTarget, style?: "short" | "long"): number {
  if (result < 0) throw new SocketError(syscall, -result, target, style);
  return result;
}

// lib/internal/errors.js, ExceptionWithHostPort: the port is shown only when it is not 0.
function place(target: ErrorTarget | LookupTarget | undefined): string {
  if (target === undefined) return "";
  // Node's DNSException.
  if (!("address" in target)) return target.hostname ? ` ${target.hostname}` : "";
  if (target.address === "") return "";
  const { address, port, local } = target;
  const where = port !== undefined && port > 0 ? ` ${address}:${port}` : ` ${address}`;
  return local === undefined ? where : `${where} - Local (${local})`;
}
