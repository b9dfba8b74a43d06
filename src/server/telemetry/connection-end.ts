import type { InputPhase } from "../connection/input.ts";
import { DeadlineError, type DeadlineName } from "../time/deadline-error.ts";
import { isError } from "../transport/connection-error.ts";

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

/** The end of a connection that begins to close in order, before anything is closed for it. */
export function endOfClose({ phase }: { readonly phase: InputPhase }): ConnectionEnd {
  if (phase === "stopped") return { reason: "server-closed" };
  return { reason: phase === "ended" ? "peer" : "service" };
}

/**
 * The end of a connection that was lost or aborted. `closeReason` is what a server that closes aborts with: it is known by
 * itself, since a service may call `abort` for reasons of its own while the server closes.
 */
export function endOfLoss(failure: Error, phase: InputPhase, closeReason: Error | undefined): ConnectionEnd {
  if (failure === closeReason) return { reason: "server-closed" };
  if (failure instanceof DeadlineError) return { reason: "deadline", deadline: failure.deadline, error: failure };
  if (phase !== "aborted") return { reason: "lost", code: codeOf(failure), error: failure };
  return { reason: "aborted", error: failure };
}

/**
 * What is to be reported when the service's function has thrown: its own error, or why the connection was lost, where that is
 * all that the throw says: what is awaited with the connection's signal ends with an AbortError, or with an event.
 * Undefined: the server has aborted it because it closes, and that is no failure of the service.
 */
export function failureOf(
  thrown: unknown,
  failure: Error | undefined,
  closeReason: Error | undefined,
): { readonly error: unknown } | undefined {
  if (failure === undefined) return { error: thrown };
  const isOwn = thrown !== failure && isError(thrown) && read(thrown, "name") !== "AbortError";
  if (failure === closeReason && !(isOwn && read(thrown, "cause") !== failure)) return undefined;
  return { error: isOwn ? thrown : failure };
}

function codeOf(error: Error): string {
  const [code, name] = [read(error, "code"), read(error, "name")];
  if (typeof code === "string") return code;
  return typeof name === "string" ? name : "Error";
}

/** Anything can be thrown, also what throws when it is looked at. */
function read(error: Error, property: "name" | "cause" | "code"): unknown {
  try {
    return Reflect.get(error, property);
  } catch {
    return undefined;
  }
}
