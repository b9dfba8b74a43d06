// The requests and answers of an admin socket.
import type {
  OverviewAlarm,
  OverviewConnection,
  OverviewListener,
  OverviewService,
} from "../../services/status/overview.ts";
import { AdminError } from "./admin-error.ts";

/** Limits a request, in bytes without its newline. Beyond it, the server answers `ERR_SOCKWRIGHT_FRAME_TOO_LARGE`. */
export const MAX_ADMIN_REQUEST_BYTES = 4 * 1024;
/** Limits an answer, in bytes. Beyond it, the client throws `ERR_SOCKWRIGHT_FRAME_TOO_LARGE`. */
export const MAX_ADMIN_ANSWER_BYTES = 64 * 1024 * 1024;
/** Limits the connections in one answer. Beyond it, the answer has the first ones and the total number. */
export const MAX_LISTED_CONNECTIONS = 10_000;

/** A request to an admin socket: one JSON object on one line. A connection carries one request. */
export type AdminRequest =
  | { readonly command: "status" | "connections" | "reload" | "stop" }
  | { readonly command: "kill"; readonly id: number }
  | { readonly command: "drain"; readonly service?: string | undefined };

/** The answer to a request: one JSON object on one line. */
export type AdminAnswer =
  | { readonly ok: true; readonly result: AdminResult }
  /** If there are several mistakes, each is a line of `mistakes`, and the message states their number. */
  | { readonly ok: false; readonly code: string; readonly message: string; readonly mistakes?: readonly string[] };

/** The result of each command, by the name of the command. */
export interface AdminResults {
  readonly status: AdminStatus;
  readonly connections: AdminConnections;
  readonly kill: AdminDone;
  readonly reload: AdminDone;
  readonly drain: AdminDone;
  readonly stop: AdminDone;
}

/** The result of a command that returns no data. */
export type AdminDone = Readonly<Record<string, never>>;

export type AdminResult = AdminResults[keyof AdminResults];

export interface AdminStatus {
  readonly pid: number;
  readonly uptimeMs: number;
  readonly services: readonly OverviewService[];
  readonly httpListeners: readonly OverviewListener[];
  readonly alarms: readonly OverviewAlarm[];
}

export interface AdminConnections {
  /** The number of open connections; the list may be shorter. */
  readonly total: number;
  readonly connections: readonly OverviewConnection[];
}

/**
 * Checks and returns a received request.
 *
 * @throws AdminError.
 */
export function requestOf(value: unknown): AdminRequest {
  if (typeof value !== "object" || value === null || !("command" in value)) throw wrong("the request has no command");
  const { command } = value;
  switch (command) {
    case "status":
    case "connections":
    case "reload":
    case "stop":
      return { command };
    case "kill":
      if (!("id" in value) || typeof value.id !== "number") throw wrong("kill needs the id of a connection, a number");
      return { command, id: value.id };
    case "drain": {
      const service = "service" in value ? value.service : undefined;
      if (service === undefined || typeof service === "string") return { command, service };
      throw wrong("the service of drain is a name");
    }
    default:
      throw wrong(`there is no command ${JSON.stringify(command)}`);
  }
}

function wrong(message: string): AdminError {
  return new AdminError("ERR_SOCKWRIGHT_ADMIN", message);
}
