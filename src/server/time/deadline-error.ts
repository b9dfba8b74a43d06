/** The names of the deadlines that a server sets. */
export const DEADLINE_NAMES = ["handshake", "first-byte", "idle", "read", "write", "total", "drain"] as const;

export type ServerDeadlineName = (typeof DEADLINE_NAMES)[number];

/**
 * The name of a connection's deadline. Those of a server have the names of its options: `idleTimeoutMs` … Any other name belongs to
 * a deadline of the service: see {@link Connection.deadline}.
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
 * The error of a connection that was aborted because a deadline of its server or service has passed. Pending calls of the service
 * reject with it.
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
  /** The name of the deadline that has passed. */
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
