import { codeOf } from "../socket/values.ts";

/** The exit codes of failures; 0 means done, and 128 + n ended by signal n. */
export const exitCodes = { network: 1, usage: 2, timeout: 3, tls: 4 } as const;

/** A failure that the command reports: what is wrong, and how to correct it, mostly in one line. */
export class CommandError extends Error {
  readonly exitCode: number;
  /** The code of the cause, for `--json`, such as `ECONNREFUSED`. */
  readonly code: string | undefined;

  /** What to do about it, in further lines. */
  readonly advice: readonly string[];

  constructor(message: string, exitCode: number, cause?: unknown, advice: readonly string[] = []) {
    super(message, { cause });
    this.advice = advice;
    this.name = "CommandError";
    this.exitCode = exitCode;
    this.code = codeOf(cause);
  }
}
