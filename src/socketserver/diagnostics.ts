import { channel } from "node:diagnostics_channel";

/** The message about an error that a server cannot throw to a caller; the server continues. */
export interface ServerFailure {
  readonly error: unknown;
  /** The server; `{ server_address }` in a worker thread or child process. */
  readonly server: unknown;
  readonly client_address?: unknown;
  /** The name of the hook that failed. */
  readonly hook: string;
}

const failures = channel("sockwright:socketserver:error");

/** Publishes a {@link ServerFailure} on the channel `sockwright:socketserver:error`. */
export function publishFailure(failure: ServerFailure): void {
  failures.publish(failure);
}
