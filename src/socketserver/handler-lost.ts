import { SockwrightError } from "../socket/values.ts";

/** How a worker thread or a child process ended. */
export interface HandlerExit {
  readonly exitCode?: number | null;
  readonly signal?: NodeJS.Signals | null;
}

/** The error of a handler whose thread or process has ended; `cause` is what it is known to have failed of. */
export function handlerLost({ exitCode, signal }: HandlerExit, cause?: unknown): SockwrightError {
  const how = signal ? { signal } : { exitCode: exitCode ?? 0 };
  const detail = signal ? `signal ${signal}` : `exit code ${exitCode ?? 0}`;
  return Object.assign(new SockwrightError("ERR_SOCKWRIGHT_HANDLER_LOST", undefined, { detail, cause }), how);
}
