import { SockwrightError } from "../socket/values.ts";

/** The exit code or the signal of a worker thread or child process. */
export interface HandlerExit {
  readonly exitCode?: number | null;
  readonly signal?: NodeJS.Signals | null;
}

/** Makes the error of a handler whose thread or process has ended; `cause` is the known reason. */
export function handlerLostError({ exitCode, signal }: HandlerExit, cause?: unknown): SockwrightError {
  const exit = signal ? { signal } : { exitCode: exitCode ?? 0 };
  const detail = signal ? `signal ${signal}` : `exit code ${exitCode ?? 0}`;
  return Object.assign(new SockwrightError("ERR_SOCKWRIGHT_HANDLER_LOST", undefined, { detail, cause }), exit);
}
