import type { Connection } from "../connection/connection.ts";
import { DeadlineError, type DeadlineName } from "../limits/deadline-error.ts";
import { ConnectionError } from "../transport/connection-error.ts";

/** How a connection of a server came to its end. `reason` says which of these it was. */
export type ConnectionEnd =
  /** The service's function returned first, and all that it had written was sent. */
  | { readonly reason: "service" }
  /** The peer had ended when the service's function returned. */
  | { readonly reason: "peer" }
  /** The server was closed: the service's function returned then, or the connection was aborted in the end. */
  | { readonly reason: "server-closed" }
  /** A deadline had passed. */
  | { readonly reason: "deadline"; readonly deadline: DeadlineName; readonly error: DeadlineError }
  /** A system call failed; `code` is `ECONNRESET`, `ETIMEDOUT`, `EPIPE` … */
  | { readonly reason: "lost"; readonly code: string; readonly error: Error }
  /** `abort` was called, a function that is given what comes threw, or more waited to be sent than is allowed. */
  | { readonly reason: "aborted"; readonly error: Error }
  /** The service's function threw. */
  | { readonly reason: "failed"; readonly error: unknown };

/** Why a connection ended, in one word: see {@link ConnectionEnd}. */
export type EndReason = ConnectionEnd["reason"];

/** What the end of a connection is told from. */
type Ending = Pick<Connection, "failure" | "phase">;

/** The end of a connection whose service has returned, before anything is closed for it. */
export function endOfReturn(connection: Ending, isServerClosed: boolean): ConnectionEnd {
  const { failure, phase } = connection;
  // The service has not let its failure be seen, and that changes nothing for the connection.
  if (failure !== undefined) return endOfFailure(connection, failure, isServerClosed);
  if (phase === "stopped") return { reason: "server-closed" };
  return { reason: phase === "ended" ? "peer" : "service" };
}

/** The end of a connection whose service has thrown, or that could not be flushed. */
export function endOfFailure({ failure, phase }: Ending, thrown: unknown, isServerClosed: boolean): ConnectionEnd {
  if (failure === undefined) return { reason: "failed", error: thrown };
  if (failure instanceof DeadlineError) return { reason: "deadline", deadline: failure.deadline, error: failure };
  if (phase !== "aborted") return { reason: "lost", code: codeOf(failure), error: failure };
  const isOfTheClose =
    isServerClosed && failure instanceof ConnectionError && failure.code === "ERR_SOCKWRIGHT_ABORTED";
  return isOfTheClose ? { reason: "server-closed" } : { reason: "aborted", error: failure };
}

function codeOf(error: Error): string {
  return "code" in error && typeof error.code === "string" ? error.code : error.name;
}
