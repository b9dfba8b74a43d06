import { codeOf } from "../socket/values.ts";

/** What the shell is told: 0 is done, and 128 + n is the end by signal n. */
export const exitCodes = { network: 1, usage: 2, timeout: 3 } as const;

/** A failure that is told in one line: what was wrong, and what would be right. */
export class CommandError extends Error {
  readonly exitCode: number;
  /** The code of the error behind it, for `--json`: ECONNREFUSED. */
  readonly code: string | undefined;

  constructor(message: string, exitCode: number, cause?: unknown) {
    super(message, { cause });
    this.name = "CommandError";
    this.exitCode = exitCode;
    this.code = codeOf(cause);
  }
}
