import { jsonLines } from "../../codec/json-lines.ts";
import { connect } from "../../server/connect.ts";
import type { Connection } from "../../server/connection/connection.ts";
import { formatSocketUrl } from "../../server/url/socket-url.ts";
import { AdminError } from "./admin-error.ts";
import { type AdminAnswer, type AdminRequest, type AdminResults, MAX_ADMIN_ANSWER_BYTES } from "./admin-protocol.ts";

const ROOT = 0;

/**
 * Sends a request to an admin socket and returns the result.
 *
 * @throws SocketError `ENOENT`, `ECONNREFUSED`, `EACCES` · AdminError with the code and the mistakes of the answer, `EPERM` for a
 * socket of another user, `ERR_SOCKWRIGHT_ADMIN` for a server that is no admin socket.
 */
export async function askAdmin<Command extends AdminRequest["command"]>(
  path: string,
  request: AdminRequest & { readonly command: Command },
): Promise<AdminResults[Command]> {
  const connection = await connect(formatSocketUrl({ scheme: "unix", path }), { maxReadBufferBytes: 1024 * 1024 });
  try {
    checkOwner(connection, path);
    connection.write(`${JSON.stringify(request)}\n`);
    const given = await connection.frames(jsonLines({ maxFrameBytes: MAX_ADMIN_ANSWER_BYTES })).read();
    if (!isAnswer(given)) throw new AdminError("ERR_SOCKWRIGHT_ADMIN", `${path} gave no answer`);
    if (!given.ok) throw new AdminError(given.code, given.message, given.mistakes);
    return given.result as AdminResults[Command];
  } finally {
    connection.abort();
  }
}

/** Accepts a server of the same user or of root only: the answers of another user's server are not trusted. */
function checkOwner(connection: Connection, path: string): void {
  const own = process.geteuid?.();
  const uid = connection.peerCredentials?.uid;
  if (own === ROOT || uid === own || uid === ROOT) return;
  throw new AdminError(
    "EPERM",
    `${path} is a socket of user ${uid ?? "unknown"}, and of nobody whom user ${own} trusts`,
  );
}

function isAnswer(value: unknown): value is AdminAnswer {
  return typeof value === "object" && value !== null && "ok" in value;
}
