// @ts-check
/** A wrong argument: the command ends with 2 and this message. */
export class UsageError extends Error {}

/**
 * What `parse` gives; its complaint becomes a UsageError.
 * @template T
 * @param {() => T} parse a call of parseArgs
 * @param {string} usage
 */
export function orUsage(parse, usage) {
  try {
    return parse();
  } catch (error) {
    throw new UsageError(`${error instanceof Error ? error.message : error}\n${usage}`);
  }
}

/**
 * Runs a command's body; a wrong argument is one message and exit code 2.
 * @param {() => Promise<void>} body
 */
export async function runCommand(body) {
  try {
    await body();
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    console.error(error.message);
    process.exitCode = 2;
  }
}
