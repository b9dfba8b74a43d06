const MESSAGES = {
  ERR_SOCKWRIGHT_ABORTED: "The connection was aborted",
  ERR_SOCKWRIGHT_ENDED: "The connection was ended: nothing more can be written",
  ERR_SOCKWRIGHT_FILE_SHRANK: "The file has become shorter while it was sent: what the peer has is not the whole",
  ERR_SOCKWRIGHT_NO_CREDENTIALS:
    "node:net does not say who is at the other end of a Unix socket: that needs the native addon, on Linux",
  ERR_SOCKWRIGHT_NOT_A_FILE: "Only a regular file can be sent: this is a pipe, a device or a socket",
  ERR_SOCKWRIGHT_READING:
    "The connection is being read from already, by a read, a push or a stream: wait for the end of that first",
  ERR_SOCKWRIGHT_RECORDS:
    "The connection carries records, and neither a file nor a stream is one: cut it into records of your own",
  ERR_SOCKWRIGHT_RECORD_TOO_LONG: "A record came that is longer than 1 MiB, the most that is received",
  ERR_SOCKWRIGHT_SERVER_CLOSED: "The server is closed, or closes",
  ERR_SOCKWRIGHT_TIMEOUT: "The call has taken longer than its timeoutMs",
  ERR_SOCKWRIGHT_TLS_PENDING: "TLS begins on the connection: await upgradeTls() before the next write, file or upgrade",
  ERR_SOCKWRIGHT_TLS_PLAINTEXT:
    "The peer sent bytes without TLS behind the command that begins TLS: somebody may have put them there",
  ERR_SOCKWRIGHT_TLS_TRUNCATED:
    "The connection ended without the end of TLS (close_notify): what was received may not be all that the peer sent",
  ERR_SOCKWRIGHT_TOO_LONG: "No delimiter came within maxBytes",
  ERR_SOCKWRIGHT_UNEXPECTED_END: "The connection ended in the middle of what was to be read",
  ERR_SOCKWRIGHT_WRITE_BUFFER_FULL:
    "The peer reads too slowly: more is waiting to be sent than maxWriteBufferBytes allows",
} as const;

/** The `code` of a {@link ConnectionError}. */
export type ConnectionErrorCode = keyof typeof MESSAGES;

/**
 * The error of a condition that no system call reports. Match on `code`:
 *
 * | code | when |
 * |---|---|
 * | `ERR_SOCKWRIGHT_ABORTED` | `abort()` without a reason, here or by the server that closes |
 * | `ERR_SOCKWRIGHT_ENDED` | `write()` after `end()` |
 * | `ERR_SOCKWRIGHT_FILE_SHRANK` | a file of `sendFile()` has become shorter meanwhile: the connection is aborted |
 * | `ERR_SOCKWRIGHT_NO_CREDENTIALS` | `peerCredentials` of a Unix socket over `node:net` |
 * | `ERR_SOCKWRIGHT_NOT_A_FILE` | `sendFile()` of a pipe, a device or a socket |
 * | `ERR_SOCKWRIGHT_READING` | a second read while one waits, or beside a push or a stream |
 * | `ERR_SOCKWRIGHT_RECORDS` | `sendFile()` or `stream()` where each write is a record |
 * | `ERR_SOCKWRIGHT_RECORD_TOO_LONG` | a record of a seqpacket or datagram socket came that is longer than 1 MiB |
 * | `ERR_SOCKWRIGHT_SERVER_CLOSED` | `reload()` of a server that is closed, or closes |
 * | `ERR_SOCKWRIGHT_TIMEOUT` | a call has taken longer than its `timeoutMs` |
 * | `ERR_SOCKWRIGHT_TLS_PENDING` | a write, a file or another `upgradeTls()` before `upgradeTls()` has settled |
 * | `ERR_SOCKWRIGHT_TLS_PLAINTEXT` | bytes came before TLS that are not of TLS, when `upgradeTls()` was called |
 * | `ERR_SOCKWRIGHT_TLS_TRUNCATED` | a TLS connection ended without close_notify: something may be missing |
 * | `ERR_SOCKWRIGHT_TOO_LONG` | `readUntil()` found no delimiter within `maxBytes` |
 * | `ERR_SOCKWRIGHT_UNEXPECTED_END` | the end came inside of what `readExactly()` or `readUntil()` was to read |
 * | `ERR_SOCKWRIGHT_WRITE_BUFFER_FULL` | the write buffer cannot hold a write: the connection is aborted, or the write throws |
 *
 * @example
 * ```ts
 * import { ConnectionError, connect, serve } from "sockwright/server";
 *
 * const server = await serve("tcp://127.0.0.1:0", async (connection) => {
 *   connection.write("abc");
 * });
 * const client = await connect(server.urls[0] ?? "");
 * await client.readExactly(4).catch((error: unknown) => {
 *   console.log(error instanceof ConnectionError && error.code); // => ERR_SOCKWRIGHT_UNEXPECTED_END
 * });
 * client.abort();
 * await server.close();
 * ```
 */
export class ConnectionError extends Error {
  /** Which condition; see the table above. */
  readonly code: ConnectionErrorCode;

  /** @internal */
  constructor(code: ConnectionErrorCode, options?: ErrorOptions) {
    super(MESSAGES[code], options);
    this.name = "ConnectionError";
    this.code = code;
  }
}

/** Returns the thrown value as an Error. A program can throw any value, also one whose inspection throws. */
export function errorOf(thrown: unknown): Error {
  if (isError(thrown)) return thrown;
  try {
    return new Error(String(thrown), { cause: thrown });
  } catch {
    return new Error(`A ${typeof thrown} was thrown that has no text`, { cause: thrown });
  }
}

/** Whether the value is an Error; a Proxy may throw on the check. */
export function isError(thrown: unknown): thrown is Error {
  try {
    return thrown instanceof Error;
  } catch {
    return false;
  }
}
