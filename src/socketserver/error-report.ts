import { inspect } from "node:util";

const RULE = "-".repeat(40);

/** Prints Python's report of a failed request on standard error. It is the only place where the library prints. */
export function reportError(client_address: unknown, error: unknown): void {
  const lines = [
    RULE,
    `Exception occurred during processing of request from ${textOf(client_address)}`,
    textOf(error),
    RULE,
  ];
  const { stderr } = process;
  // A closed standard error must not end the process. All reports share one listener: many handlers may fail at once.
  if (reports++ === 0) stderr.on("error", ignore);
  stderr.write(`${lines.join("\n")}\n`, () => {
    if (--reports === 0) stderr.removeListener("error", ignore);
  });
}

/** The number of reports being written. */
let reports = 0;

function ignore(): void {}

/** Formats a thrown value; a handler may throw anything, even a value that cannot be inspected. */
function textOf(value: unknown): string {
  try {
    return inspect(value);
  } catch {
    return "(a value that cannot be shown)";
  }
}
