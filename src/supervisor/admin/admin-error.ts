/** An admin socket has refused what it was asked. */
export class AdminError extends Error {
  /** Such as `ERR_SOCKWRIGHT_RELOAD`, or `EPERM` for a user who may not ask. */
  readonly code: string;
  /** A line each, where there are several. */
  readonly mistakes: readonly string[];

  constructor(code: string, message: string, mistakes: readonly string[] = []) {
    super(message);
    this.name = "AdminError";
    this.code = code;
    this.mistakes = mistakes;
  }
}
