import { codeOf } from "../../socket/values.ts";
import type { InputPhase } from "../connection/input.ts";
import { DeadlineError, type DeadlineName } from "../time/deadline-error.ts";
import { isError } from "../transport/connection-error.ts";

/** How a connection of a server ended; `reason` tells the variants apart. */
export type ConnectionEnd =
  /** The service's function returned first, and the server sent all that it had written. */
  | { readonly reason: "service" }
  /** The peer had ended when the service's function returned. */
  | { readonly reason: "peer" }
  /** The server closed: the service's function returned then, or the server aborted the connection when the grace was over. */
  | { readonly reason: "server-closed" }
  /** A deadline passed. */
  | { readonly reason: "deadline"; readonly deadline: DeadlineName; readonly error: DeadlineError }
  /** A system call failed; `code` is `ECONNRESET`, `ETIMEDOUT`, `EPIPE` … */
  | { readonly reason: "lost"; readonly code: string; readonly error: Error }
  /** `abort` was called, a function passed to `onBytes` or `onFrame` threw, or the write buffer could not hold a write. */
  | { readonly reason: "aborted"; readonly error: Error }
  /** The service's function threw. */
  | { readonly reason: "failed"; readonly error: unknown };

/** Why a connection ended, in one word: see {@link ConnectionEnd}. */
export type EndReason = ConnectionEnd["reason"];

/** The end of a connection that begins to close in order. Call it before anything of the connection is closed. */
export function endOfClose({ phase }: { readonly phase: InputPhase }): ConnectionEnd {
  if (phase === "stopped") return { reason: "server-closed" };
  return { reason: phase === "ended" ? "peer" : "service" };
}

/**
 * The end of a connection that was lost or aborted. `closeReason` is the error with which a closing server aborts. It is
 * compared by identity, since a service may call `abort` for its own reasons while the server closes.
 */
export function endOfLoss(failure: Error, phase: InputPhase, closeReason: Error | undefined): ConnectionEnd {
  if (failure === closeReason) return { reason: "server-closed" };
  if (failure instanceof DeadlineError) return { reason: "deadline", deadline: failure.deadline, error: failure };
  if (phase !== "aborted") return { reason: "lost", code: codeOrNameOf(failure), error: failure };
  return { reason: "aborted", error: failure };
}

/**
 * The error to report when the service's function has thrown. It is the service's own error, or the reason why the connection
 * was lost, when the thrown value only follows from that: a promise awaited with the connection's signal rejects with an
 * AbortError, or with an event. Undefined: the closing server aborted the connection, which is no failure of the service.
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

function codeOrNameOf(error: Error): string {
  const name = read(error, "name");
  return codeOf(error) ?? (typeof name === "string" ? name : "Error");
}

/** Reads a property of a thrown value; undefined when its getter throws. */
function read(error: Error, property: "name" | "cause"): unknown {
  try {
    return Reflect.get(error, property);
  } catch {
    return undefined;
  }
}
