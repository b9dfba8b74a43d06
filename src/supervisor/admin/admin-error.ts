/** A refusal by an admin socket. */
export class AdminError extends Error {
  /** Such as `ERR_SOCKWRIGHT_RELOAD`, or `EPERM` for a user without permission. */
  readonly code: string;
  /** One line for each mistake, if there are several. */
  readonly mistakes: readonly string[];

  constructor(code: string, message: string, mistakes: readonly string[] = []) {
    super(message);
    this.name = "AdminError";
    this.code = code;
    this.mistakes = mistakes;
  }
}
