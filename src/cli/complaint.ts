import { CommanderError } from "commander";
import { CommandError, exitCodes } from "./command-error.ts";
import { explain } from "./explain.ts";
import { Reporter } from "./reporter.ts";
import type { StandardStreams } from "./standard-streams.ts";

/** Tells whatever ends the command, in one line on standard error, and gives the exit code. */
export async function complain(
  error: unknown,
  args: readonly string[],
  { errors }: Pick<StandardStreams, "errors">,
): Promise<number> {
  if (error instanceof CommanderError && error.exitCode === 0) return 0;
  const { message, code, exitCode } = error instanceof CommanderError ? usageError(error, args) : explain(error);
  const reporter = new Reporter(errors, args.includes("--json") ? "json" : "errors");
  await reporter.tell({ event: "error", message, code, exitCode });
  return exitCode;
}

function usageError({ code, message }: CommanderError, args: readonly string[]): CommandError {
  return new CommandError(inOneLine(code, message, args), exitCodes.usage);
}

function inOneLine(code: string, message: string, args: readonly string[]): string {
  if (code === "commander.help")
    return "a command is missing: greet, connect or listen, as in  sockwright connect tcp://127.0.0.1:8000";
  const [first = "", hint] = message.replace(/^error: /, "").split("\n");
  if (hint !== undefined) return `${first} ${hint.replace("Did", "did")}`;
  const command = ["greet", "connect", "listen"].find((name) => name === args[0]);
  const page = command === undefined ? "sockwright --help" : `sockwright ${command} --help`;
  return `${first.replace(/\.$/, "")}: see  ${page}`;
}
