// Error numbers, their names and their text.
import { constants } from "node:os";
import { getSystemErrorMap } from "node:util";

const texts = getSystemErrorMap();
const names = new Map<number, string>(Object.entries(constants.errno).map(([name, errno]) => [errno, name]));
/** libuv's positive numbers of the two EAI_* errors for which Node has one name: lib/internal/errors.js, DNSException. */
const NOT_FOUND: readonly number[] = [uvErrno("EAI_NONAME"), uvErrno("EAI_NODATA")];

/** Returns libuv's positive number of an EAI_* error of getaddrinfo(3); the numbers of C are also those of other errors. */
export function uvErrno(eai: string): number {
  return -([...texts].find(([, [name]]) => name === eai)?.[0] ?? 0);
}

/** Returns the name of a positive errno, as in errno(3): 111 is `ECONNREFUSED`. */
export function errnoName(errno: number): string {
  if (NOT_FOUND.includes(errno)) return "ENOTFOUND";
  return texts.get(-errno)?.[0] ?? names.get(errno) ?? `E${errno}`;
}

/** Returns Node's text for a positive errno: 98 is `address already in use`. */
export function errnoText(errno: number): string {
  return texts.get(-errno)?.[1] ?? `errno ${errno}`;
}

const { errno } = constants;

/**
 * The errors of a send that come from the socket (its `sk_err`) and not from the send itself. The kernel reports such an error
 * once; the next receive would see a clean end of the stream, so the endpoint keeps the error for it.
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

/** errno(3); Node has no constants for these. They are the same on every Linux that Node supports. */
export const ENONET = 64;
export const EHOSTDOWN = 112;
