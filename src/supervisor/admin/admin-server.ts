// The server side of the admin socket.
import { jsonLines } from "../../codec/json-lines.ts";
import type { Connection } from "../../server/connection/connection.ts";
import { type Server, serve } from "../../server/server.ts";
import { formatSocketUrl } from "../../server/url/socket-url.ts";
import { codeOf, messageOf } from "../../socket/values.ts";
import { AdminError } from "./admin-error.ts";
import {
  type AdminAnswer,
  type AdminConnections,
  type AdminDone,
  type AdminRequest,
  type AdminResult,
  type AdminStatus,
  MAX_ADMIN_REQUEST_BYTES,
  requestOf,
} from "./admin-protocol.ts";

/** The most connections to an admin socket at one time; further ones wait in its backlog. */
export const MAX_ADMIN_CONNECTIONS = 16;
/** The longest time from the start of a connection to the end of its request. */
const ADMIN_REQUEST_TIMEOUT_MS = 10_000;

/** The action for each command. An error that an action throws becomes the answer. */
export interface AdminActions {
  status(): AdminStatus;
  connections(): AdminConnections;
  kill(id: number): AdminDone;
  reload(): Promise<AdminDone>;
  drain(service: string | undefined): Promise<AdminDone>;
  stop(): Promise<AdminDone>;
}

/** The options of an admin socket. */
export interface AdminOptions {
  /** The owner of the socket: a user's name or number. Default is the user of the process. */
  readonly owner?: string | undefined;
  /** The longest time from the start of a connection to the end of its request. Default 10 000. */
  readonly requestTimeoutMs?: number | undefined;
}

const ROOT = 0;

/**
 * Serves a Unix socket that only its owner can connect to. The peer's credentials are checked as well, in case the mode of the socket
 * has been changed. A socket file that no process listens on any more is replaced.
 *
 * @throws SocketError `EADDRINUSE` if another process listens there.
 */
export function serveAdmin(
  path: string,
  actions: AdminActions,
  { owner, requestTimeoutMs = ADMIN_REQUEST_TIMEOUT_MS }: AdminOptions = {},
): Promise<Server> {
  const url = formatSocketUrl({ scheme: "unix", path, mode: 0o600, ...(owner !== undefined && { owner }) });
  const stream = (connection: Connection): Promise<void> => answer(connection, actions, requestTimeoutMs);
  return serve(url, { name: "admin", stream }, { maxConnections: MAX_ADMIN_CONNECTIONS, alarms: [] });
}

async function answer(connection: Connection, actions: AdminActions, timeoutMs: number): Promise<void> {
  const given = await Promise.race([answerFor(connection, actions, timeoutMs), lost(connection)]);
  if (given !== undefined) connection.write(`${JSON.stringify(given)}\n`);
}

/** Resolves when the client has gone: the connection then makes room for others, even while a reload never ends. */
function lost({ signal }: Connection): Promise<undefined> {
  return new Promise((resolve) => signal.addEventListener("abort", () => resolve(undefined), { once: true }));
}

/** Returns undefined for a client that sends no request. */
async function answerFor(
  connection: Connection,
  actions: AdminActions,
  timeoutMs: number,
): Promise<AdminAnswer | undefined> {
  try {
    checkPeer(connection);
    const frames = connection.frames(jsonLines({ maxFrameBytes: MAX_ADMIN_REQUEST_BYTES }));
    const value = await frames.read({ timeoutMs });
    if (value === undefined) return undefined;
    const result = act(actions, requestOf(value));
    void probeAtEnd(connection);
    return { ok: true, result: await result };
  } catch (error) {
    return failureOf(error);
  }
}

/**
 * After the end of its data, a client has either gone or, as `nc -N` does, only ended its sending side. A blank before the answer,
 * which JSON allows, tells these apart: if the client has gone, the write fails, and the connection is lost.
 */
async function probeAtEnd(connection: Connection): Promise<void> {
  try {
    while ((await connection.read()) !== undefined);
    connection.write(" ");
  } catch {
    // The connection is already lost, or has been closed after the answer.
  }
}

/** unix(7): the kernel reports the user of the peer, which the peer cannot forge. */
function checkPeer(connection: Connection): void {
  const uid = connection.peerCredentials?.uid;
  if (uid === ROOT || (uid !== undefined && uid === process.geteuid?.())) return;
  throw new AdminError("EPERM", `user ${uid ?? "unknown"} may ask nothing here: it is for user ${process.geteuid?.()}`);
}

function act(actions: AdminActions, request: AdminRequest): AdminResult | Promise<AdminResult> {
  switch (request.command) {
    case "status":
      return actions.status();
    case "connections":
      return actions.connections();
    case "kill":
      return actions.kill(request.id);
    case "reload":
      return actions.reload();
    case "drain":
      return actions.drain(request.service);
    case "stop":
      return actions.stop();
  }
}

function failureOf(error: unknown): AdminAnswer {
  const code = codeOf(error) ?? "ERR_SOCKWRIGHT_ADMIN";
  const mistakes = error instanceof AdminError ? error.mistakes : [];
  return { ok: false, code, message: messageOf(error), mistakes };
}
