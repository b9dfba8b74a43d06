/** The library's own conditions, with no errno behind them: code and message. */
const MESSAGES = {
  ERR_SOCKWRIGHT_BUSY: "The socket has a call pending: await it, or abort it, before detach()",
  ERR_SOCKWRIGHT_CLOSED: "The socket is closed",
  ERR_SOCKWRIGHT_CONNECT_ABANDONED: "A connect was cancelled or timed out, so the socket can only be closed",
  ERR_SOCKWRIGHT_ENCODING: "What was received is no text of the file's encoding",
  ERR_SOCKWRIGHT_FILE_CLOSED: "The file is closed",
  ERR_SOCKWRIGHT_FILE_MODE: "The file was not made for that: see the mode and the buffering that makefile() was given",
  ERR_SOCKWRIGHT_HANDLER_LOST: "The thread or process of a handler has ended before the handler did, or has failed",
  ERR_SOCKWRIGHT_LINE_TOO_LONG: "The line is longer than the file's maxLineBytes",
  ERR_SOCKWRIGHT_NAME:
    'bind(), sendto() and sendmsg() take a numeric address, "" (any) or "localhost": look the name up first, with getaddrinfo()',
  ERR_SOCKWRIGHT_NO_SENDFILE:
    "sendfile() is for sockets of SOCK_STREAM that may wait: of another type, or after settimeout(0), read the file and send it",
  ERR_SOCKWRIGHT_NO_STREAM: "Of this socket there is no stream: it is no connection of SOCK_STREAM, or has one already",
  ERR_SOCKWRIGHT_PARTIAL_SEND: "A sendall was cancelled in the middle of its data, so the socket can send no more",
  ERR_SOCKWRIGHT_READ_TOO_LONG: "More has come than the file's maxReadBytes allows a read without a size",
  ERR_SOCKWRIGHT_SERVING:
    "The server serves already: await its serve_forever(), or call shutdown(), before another one",
  ERR_SOCKWRIGHT_TIMEOUT: "The call did not finish within the socket's time-out",
  ERR_SOCKWRIGHT_TIMEOUT_OPTION:
    "SO_RCVTIMEO and SO_SNDTIMEO have no effect on a non-blocking socket: use settimeout()",
} as const;

/** The `code` of a {@link SockwrightError}. */
export type SockwrightErrorCode = keyof typeof MESSAGES;

/**
 * An error of this library that has no errno. Match on `code`:
 *
 * | code | when |
 * |---|---|
 * | `ERR_SOCKWRIGHT_BUSY` | `detach()` while a call is pending |
 * | `ERR_SOCKWRIGHT_CLOSED` | a call on a closed socket, or one that was pending when it was closed |
 * | `ERR_SOCKWRIGHT_CONNECT_ABANDONED` | any call but `close()` after a cancelled or timed-out `connect` |
 * | `ERR_SOCKWRIGHT_ENCODING` | a read of a text file with `errors: "strict"`, of bytes that are no text |
 * | `ERR_SOCKWRIGHT_FILE_CLOSED` | a call of a {@link SocketFile} that is closed |
 * | `ERR_SOCKWRIGHT_FILE_MODE` | a read of a file that only writes, a write of one that only reads, and what only bytes or only a buffer has |
 * | `ERR_SOCKWRIGHT_HANDLER_LOST` | the worker thread or the child process of a request of `sockwright/socketserver` ended before its handler, or failed: `exitCode`, `signal`, `cause` |
 * | `ERR_SOCKWRIGHT_LINE_TOO_LONG` | a line of a file beyond `maxLineBytes` |
 * | `ERR_SOCKWRIGHT_NAME` | a host name in `bind()`, `sendto()` or `sendmsg()` |
 * | `ERR_SOCKWRIGHT_NO_SENDFILE` | `sendfile()` of a socket that is no SOCK_STREAM, or does not wait |
 * | `ERR_SOCKWRIGHT_NO_STREAM` | `stream()` of a listener, of a socket with records or datagrams, or a second time |
 * | `ERR_SOCKWRIGHT_PARTIAL_SEND` | a send after a `sendall` that was cancelled with part of its data sent |
 * | `ERR_SOCKWRIGHT_READ_TOO_LONG` | `read()` or `readlines()` of a file, without a size, beyond `maxReadBytes` |
 * | `ERR_SOCKWRIGHT_SERVING` | `serve_forever()` of a server that is in another one |
 * | `ERR_SOCKWRIGHT_TIMEOUT` | `settimeout()` ran out (the kernel's own is a SocketError with `ETIMEDOUT`) |
 * | `ERR_SOCKWRIGHT_TIMEOUT_OPTION` | `SO_RCVTIMEO` or `SO_SNDTIMEO` given to `setsockopt()` |
 *
 * @example
 * ```ts
 * import { socketpair, SockwrightError } from "sockwright";
 *
 * const [left, right] = socketpair();
 * left.settimeout(20);
 * await left.recv(1024).catch((error: unknown) => {
 *   console.log(error instanceof SockwrightError && error.code); // => ERR_SOCKWRIGHT_TIMEOUT
 * });
 * left.close();
 * right.close();
 * ```
 */
export class SockwrightError extends Error {
  /** Which condition; see the table above. */
  readonly code: SockwrightErrorCode;
  /** For a `sendall` or `sendfile` that was cut short: how many bytes the kernel had taken. */
  declare readonly bytesSent?: number;
  /** For a `MSG_WAITALL` receive that was cut short: what had come. */
  declare readonly received?: Uint8Array;
  /** Of a handler's thread or process that was lost: how it exited. */
  declare readonly exitCode?: number;
  /** Of a handler's process: the signal that ended it. */
  declare readonly signal?: NodeJS.Signals;

  /** @internal */
  constructor(
    code: SockwrightErrorCode,
    syscall?: string,
    { detail, cause }: { detail?: string; cause?: unknown } = {},
  ) {
    const message = detail === undefined ? MESSAGES[code] : `${MESSAGES[code]}: ${detail}`;
    super(syscall === undefined ? message : `${syscall}: ${message}`, cause === undefined ? undefined : { cause });
    this.code = code;
  }
}

/**
 * What Node throws when an AbortSignal ends a wait: `name` AbortError, `code` ABORT_ERR, `cause` the signal's reason.
 *
 * @example
 * ```ts
 * import { AbortError, socketpair } from "sockwright";
 *
 * const [left, right] = socketpair();
 * const ending = new AbortController();
 * const waiting = left.recv(1024, { signal: ending.signal });
 * ending.abort("enough");
 * await waiting.catch((error: unknown) => {
 *   console.log(error instanceof AbortError && error.cause); // => enough
 * });
 * left.close();
 * right.close();
 * ```
 */
export class AbortError extends Error {
  /** Always `"ABORT_ERR"`, as in Node. */
  readonly code = "ABORT_ERR";
  /** For a `sendall` or `sendfile` that was cut short: how many bytes the kernel had taken. */
  declare readonly bytesSent?: number;
  /** For a `MSG_WAITALL` receive that was cut short: what had come. */
  declare readonly received?: Uint8Array;

  /** @internal */
  constructor(reason: unknown) {
    super("The operation was aborted", { cause: reason });
    this.name = "AbortError";
  }
}
