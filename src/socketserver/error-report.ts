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
  // A standard error that nobody reads any more is no reason to end. One listener for all reports: many handlers may fail at once.
  if (reports++ === 0) stderr.on("error", ignore);
  stderr.write(`${lines.join("\n")}\n`, () => {
    if (--reports === 0) stderr.removeListener("error", ignore);
  });
}

/** How many reports are being written. */
let reports = 0;

function ignore(): void {}

/** A handler may throw anything, also what cannot be looked at. */
function shown(value: unknown): string {
  try {
    return inspect(value);
  } catch {
    return "(what cannot be shown)";
  }
}
