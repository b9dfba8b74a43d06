/** The deadlines of a server. */
export const DEADLINE_NAMES = ["handshake", "first-byte", "idle", "read", "write", "total", "drain"] as const;

export type ServerDeadlineName = (typeof DEADLINE_NAMES)[number];

/**
 * Which deadline of a connection has passed; the options of a server have the same names: `idleTimeoutMs` … Any other name is that
 * of a deadline of the service's own: see {@link Connection.deadline}.
 */
export type DeadlineName = ServerDeadlineName | (string & Record<never, never>);

const MESSAGES: Readonly<Record<ServerDeadlineName, string>> = {
  handshake: "The handshake has taken too long (handshakeTimeoutMs)",
  "first-byte": "The peer has said nothing since the connection was made (firstByteTimeoutMs)",
  idle: "Nothing was sent or received for too long (idleTimeoutMs)",
  read: "The peer has sent nothing for too long (readTimeoutMs)",
  write: "The peer has taken nothing of what waits to be sent for too long (writeTimeoutMs)",
  total: "The connection has lasted too long (totalTimeoutMs)",
  drain: "After the end the peer has taken nothing of what waits to be sent for too long (drainTimeoutMs)",
};

/**
 * A connection was aborted since a deadline had passed, of its server's or its own. What the service waits for rejects with it.
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
    super(isOfServer(deadline) ? MESSAGES[deadline] : `The deadline ${JSON.stringify(deadline)} has passed`);
    this.name = "DeadlineError";
    this.deadline = deadline;
  }
}

function isOfServer(name: DeadlineName): name is ServerDeadlineName {
  return Object.hasOwn(MESSAGES, name);
}
