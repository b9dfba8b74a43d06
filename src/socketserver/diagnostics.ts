import { channel } from "node:diagnostics_channel";

/** What went wrong in a server where nobody could be told: it is published, and ends nothing. */
export interface ServerFailure {
  readonly error: unknown;
  /** The server, as the handler knows it: in a worker or a child it is `{ server_address }`. */
  readonly server: unknown;
  readonly client_address?: unknown;
  /** The hook that failed, by its name. */
  readonly hook: string;
}

const failures = channel("sockwright:socketserver:error");

/** `sockwright:socketserver:error` — {@link ServerFailure}. */
export function publishFailure(failure: ServerFailure): void {
  failures.publish(failure);
}
