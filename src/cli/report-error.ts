import { CommanderError } from "commander";
import { CommandError, exitCodes } from "./command-error.ts";
import { explain } from "./explain.ts";
import { flagAdvice, type Typed, takesValue } from "./foreign-flag.ts";
import { Reporter } from "./reporter.ts";
import type { StandardStreams } from "./standard-streams.ts";

/** Reports the error that ends the command, in one line on standard error, and resolves with the exit code. */
export async function reportError(
  error: unknown,
  args: readonly string[],
  { errors }: Pick<StandardStreams, "errors">,
): Promise<number> {
  if (error instanceof CommanderError && error.exitCode === 0) return 0;
  const { message, code, exitCode, advice } =
    error instanceof CommanderError ? usageError(error, args) : explain(error);
  const reporter = new Reporter(errors, args.includes("--json") ? "json" : "errors");
  await reporter.report({ event: "error", message, ...(advice.length === 0 ? {} : { advice }), code, exitCode });
  return exitCode;
}

function usageError({ code, message }: CommanderError, args: readonly string[]): CommandError {
  return new CommandError(inOneLine(code, message, args), exitCodes.usage);
}

function inOneLine(code: string, message: string, args: readonly string[]): string {
  if (code === "commander.help")
    return "a command is missing: up, ctl, greet, web, chat, relay, connect, listen, tls or cert, as in  sockwright connect tcp://127.0.0.1:8000";
  const [first = "", hint] = message.replace(/^error: /, "").split("\n");
  const command = ["up", "ctl", "greet", "web", "chat", "relay", "connect", "listen", "tls", "cert"].find(
    (name) => name === args[0],
  );
  const [, flag] = /^unknown option '(.*)'$/s.exec(first) ?? [];
  const advice = flag === undefined ? undefined : flagAdvice(flag, typedAround(flag, args, command));
  if (advice !== undefined) return `${first}: ${advice}`;
  const [, own] = /^\(Did you mean (--[\w-]+)\?\)$/.exec(hint ?? "") ?? [];
  if (flag !== undefined && own !== undefined && flag.startsWith(`${own}=`))
    return `option '${own}' takes no value: write ${own}`;
  if (hint !== undefined) return `${first} ${hint.replace("Did", "did")}`;
  const page = command === undefined ? "sockwright --help" : `sockwright ${command} --help`;
  return `${first.replace(/\.$/, "")}: see  ${page}`;
}

function typedAround(flag: string, args: readonly string[], command: string | undefined): Typed {
  const at = args.indexOf(flag);
  const next = takesValue(flag, command) ? args[at + 1] : undefined;
  const value = next?.startsWith("-") === true ? undefined : next;
  const operands = args.filter((arg, index) => {
    const isValue = value !== undefined && index === at + 1;
    return !arg.startsWith("-") && !isValue && !(index === 0 && command !== undefined);
  });
  return { command: command ?? "connect", operands, value };
}
