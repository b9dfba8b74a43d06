import { messageOf } from "../socket/values.ts";

/** A service that could not be created, and its error. */
export interface FailedService {
  readonly service: string;
  readonly error: unknown;
}

/** The error of a refused reload: services of the plan could not be created, and nothing has changed. */
export class ReloadError extends Error {
  /** Always `"ERR_SOCKWRIGHT_RELOAD"`. */
  readonly code = "ERR_SOCKWRIGHT_RELOAD";
  /** One line per service. */
  readonly mistakes: readonly string[];

  constructor(failed: readonly FailedService[]) {
    const mistakes = failed.map(
      ({ service, error }) => `the service ${service} cannot be started: ${messageOf(error)}`,
    );
    super(mistakes.join("; "));
    this.name = "ReloadError";
    this.mistakes = mistakes;
  }
}
