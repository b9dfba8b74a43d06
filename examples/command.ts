// What makes an example a command: Ctrl-C, one line for an error, exit codes.
import type { Address } from "sockwright";
import { hint } from "./hint.ts";

export class UsageError extends Error {
  readonly code = "USAGE";
}

/** Exit code 0 at its end and at Ctrl-C, 1 for the network, 2 for a wrong argument. */
export async function run(program: () => Promise<void>): Promise<void> {
  process.stdout.on("error", () => process.exit()); // the reader has closed standard output
  try {
    await program();
  } catch (error) {
    if (!(error instanceof Error && "code" in error)) throw error; // a mistake of the program
    if (error.code !== "ABORT_ERR") {
      tell(`${error.message}${hint(error)}`);
      process.exitCode = error instanceof UsageError ? 2 : 1;
    }
  }
  setTimeout(() => process.exit(), 100).unref(); // at once it can hang: nodejs/node#54918
}

/** Aborts at Ctrl-C, so that a server can close in order. */
export function ctrlC(): AbortSignal {
  const ending = new AbortController();
  for (const name of ["SIGINT", "SIGTERM"] as const) process.on(name, () => ending.abort());
  return ending.signal;
}

/** Prints one line about an error, such as that of one client. */
export function tell(error: unknown, at?: Address): void {
  const client = at?.host === undefined ? "" : `${at.host}:${at.port}: `;
  console.error(`${client}${error instanceof Error ? error.message : error}`);
}
