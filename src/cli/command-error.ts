import { codeOf } from "../socket/values.ts";

/** The exit codes of failures; 0 means done, and 128 + n ended by signal n. */
export const exitCodes = { network: 1, usage: 2, timeout: 3 } as const;

/** A failure that the command reports in one line: what is wrong, and how to correct it. */
export class CommandError extends Error {
  readonly exitCode: number;
  /** The code of the cause, for `--json`, such as `ECONNREFUSED`. */
  readonly code: string | undefined;

  constructor(message: string, exitCode: number, cause?: unknown) {
    super(message, { cause });
    this.name = "CommandError";
    this.exitCode = exitCode;
    this.code = codeOf(cause);
  }
}
