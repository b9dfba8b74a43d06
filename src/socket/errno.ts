// Error numbers, their names and their text.
import { constants } from "node:os";
import { getSystemErrorMap } from "node:util";

const texts = getSystemErrorMap();
const names = new Map<number, string>(Object.entries(constants.errno).map(([name, errno]) => [errno, name]));
/** libuv's numbers, positive, of the two EAI_* that Node has one name for: lib/internal/errors.js, DNSException. */
const NOT_FOUND: readonly number[] = [uvErrno("EAI_NONAME"), uvErrno("EAI_NODATA")];

/** The positive number that libuv has for an EAI_* of getaddrinfo(3), whose own numbers are those of other errors. */
export function uvErrno(eai: string): number {
  return -([...texts].find(([, [name]]) => name === eai)?.[0] ?? 0);
}

/** The name of a positive errno, as in errno(3): 111 is `ECONNREFUSED`. */
export function errnoName(errno: number): string {
  if (NOT_FOUND.includes(errno)) return "ENOTFOUND";
  return texts.get(-errno)?.[0] ?? names.get(errno) ?? `E${errno}`;
}

/** The words that Node uses for a positive errno: 98 is `address already in use`. */
export function errnoText(errno: number): string {
  return texts.get(-errno)?.[1] ?? `errno ${errno}`;
}

const { errno } = constants;

/**
 * The errors that `send` takes from the socket (its `sk_err`) rather than finds for itself. The kernel gives such an
 * error once; whoever reads next would see a clean end of file, so it is kept for the reader.
 */
export const CONNECTION_ERRORS: ReadonlySet<number> = new Set([
  errno.ECONNRESET,
  errno.ECONNABORTED,
  errno.ECONNREFUSED,
  errno.ETIMEDOUT,
  errno.EHOSTUNREACH,
  errno.ENETUNREACH,
  errno.ENETDOWN,
  errno.EPROTO,
  errno.ENOPROTOOPT,
]);

export const {
  EACCES,
  EAGAIN,
  EALREADY,
  EBADF,
  ECONNABORTED,
  ECONNREFUSED,
  EEXIST,
  EINPROGRESS,
  EINTR,
  EINVAL,
  EISCONN,
  EMFILE,
  EMSGSIZE,
  ENFILE,
  ENOBUFS,
  ENOENT,
  ENOMEM,
  ENOSPC,
  ENOTCONN,
  EPERM,
  EPIPE,
  EPROTO,
  ENETDOWN,
  ENOPROTOOPT,
  EHOSTUNREACH,
  ENOSYS,
  EOPNOTSUPP,
  EOVERFLOW,
  ENETUNREACH,
  ETIMEDOUT,
} = errno;

/** Of errno(3), and not among Node's constants; the same on every Linux that there is a Node for. */
export const ENONET = 64;
export const EHOSTDOWN = 112;
