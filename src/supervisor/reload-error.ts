import { messageOf } from "../socket/values.ts";

/** A service that could not be made, and why. */
export interface FailedService {
  readonly service: string;
  readonly error: unknown;
}

/** A reload was refused, since services of the plan could not be made. Nothing has changed. */
export class ReloadError extends Error {
  /** Always `"ERR_SOCKWRIGHT_RELOAD"`. */
  readonly code = "ERR_SOCKWRIGHT_RELOAD";
  /** A line each. */
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
