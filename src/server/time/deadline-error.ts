/** Which deadline of a connection has passed; the options of a server have the same names: `idleTimeoutMs` … */
export type DeadlineName = "handshake" | "first-byte" | "idle" | "read" | "write" | "total" | "drain";

const MESSAGES: Readonly<Record<DeadlineName, string>> = {
  handshake: "The handshake has taken too long",
  "first-byte": "The peer has said nothing since the connection was made",
  idle: "Nothing was sent or received for too long",
  read: "The peer has sent nothing for too long",
  write: "The peer has taken nothing of what waits to be sent for too long",
  total: "The connection has lasted too long",
  drain: "After the end the peer has taken nothing of what waits to be sent for too long",
};

/**
 * A connection was aborted since a deadline of its server had passed. What the service waits for rejects with it.
 *
 * @example
 * ```ts
 * import { connect, DeadlineError, serve } from "sockwright/server";
 *
 * const server = await serve(
 *   "tcp://127.0.0.1:0",
 *   async (connection) => {
 *     await connection.read().catch((error: unknown) => {
 *       console.log(error instanceof DeadlineError && error.deadline); // => first-byte
 *     });
 *   },
 *   { firstByteTimeoutMs: 100 },
 * );
 * const client = await connect(server.urls[0] ?? "");
 * await client.read().catch((error: unknown) => {
 *   console.log(error instanceof Error && "code" in error && error.code); // => ECONNRESET
 * });
 * await server.close();
 * ```
 */
export class DeadlineError extends Error {
  /** Always `"ERR_SOCKWRIGHT_DEADLINE"`. */
  readonly code = "ERR_SOCKWRIGHT_DEADLINE";
  /** Which one. */
  readonly deadline: DeadlineName;

  /** @internal */
  constructor(deadline: DeadlineName) {
    super(MESSAGES[deadline]);
    this.name = "DeadlineError";
    this.deadline = deadline;
  }
}
