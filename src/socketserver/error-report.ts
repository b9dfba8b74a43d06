import { inspect } from "node:util";

const RULE = "-".repeat(40);

/** Python's report of a request that failed, on standard error: the one place where the library prints. */
export function reportError(client_address: unknown, error: unknown): void {
  const lines = [
    RULE,
    `Exception occurred during processing of request from ${shown(client_address)}`,
    shown(error),
    RULE,
  ];
  const { stderr } = process;
  // As Console does: a standard error that nobody reads any more is no reason to end.
  stderr.once("error", ignore);
  stderr.write(`${lines.join("\n")}\n`, () => stderr.removeListener("error", ignore));
}

function ignore(): void {}

/** A handler may throw anything, also what cannot be looked at. */
function shown(value: unknown): string {
  try {
    return inspect(value);
  } catch {
    return "(what cannot be shown)";
  }
}
