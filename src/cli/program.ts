import { readFileSync } from "node:fs";
import { Command, CommanderError } from "commander";
import { CommandError, exitCodes } from "./command-error.ts";
import { connectCommand } from "./connect-command.ts";
import { greetCommand } from "./greet-command.ts";
import { listenCommand } from "./listen-command.ts";
import { inWords, type Report } from "./reporter.ts";

const HELP = `
Examples:
  sockwright greet                               a server to try things on
  sockwright connect tcp://127.0.0.1:8000        talk to it, from another terminal
  sockwright listen tcp://127.0.0.1:8001 > copy  receive a file: this end first,
  sockwright connect tcp://127.0.0.1:8001 < file and then the one that sends it

Each command has its own help, with its options and exit codes:
  sockwright connect --help`;

/** Runs `sockwright` with its arguments, and gives the exit code. */
export async function run(args: readonly string[]): Promise<number> {
  let exitCode = 0;
  const done = (code: number): void => {
    exitCode = code;
  };
  try {
    await program([greetCommand(done), connectCommand(done), listenCommand(done)]).parseAsync(args, { from: "user" });
    return exitCode;
  } catch (error) {
    return complain(error, args);
  }
}

function program(commands: readonly Command[]): Command {
  const program = new Command("sockwright")
    .description("Sockets on the command line: TCP, UDP, and Unix sockets of every kind.")
    .version(version(), "--version", "print the version")
    .addHelpText("after", HELP);
  for (const command of commands) program.addCommand(command);
  for (const command of [program, ...commands]) {
    // Its errors are told by complain(), in one line.
    command
      .exitOverride()
      .configureOutput({ writeOut: print, writeErr: () => undefined, outputError: () => undefined });
  }
  return program;
}

/** `sockwright --help | head -1`: who stops reading the help is no failure. */
function print(text: string): void {
  process.stdout.on("error", () => undefined);
  process.stdout.write(text);
}

/** One line on standard error, and the exit code. */
function complain(error: unknown, args: readonly string[]): number {
  if (error instanceof CommanderError && error.exitCode === 0) return 0;
  if (!(error instanceof CommanderError) && !(error instanceof CommandError)) throw error;
  const isUsage = error instanceof CommanderError;
  const [message, exitCode] = isUsage ? [inOneLine(error, args), exitCodes.usage] : [error.message, error.exitCode];
  const report: Report = { event: "error", message, code: isUsage ? undefined : error.code, exitCode };
  process.stderr.write(`${args.includes("--json") ? JSON.stringify(report) : inWords(report)}\n`);
  return exitCode;
}

function inOneLine({ code, message }: CommanderError, args: readonly string[]): string {
  if (code === "commander.help")
    return "a command is missing: greet, connect or listen, as in  sockwright connect tcp://127.0.0.1:8000";
  const [first = "", hint] = message.replace(/^error: /, "").split("\n");
  if (hint !== undefined) return `${first} ${hint.replace("Did", "did")}`;
  const command = ["greet", "connect", "listen"].find((name) => name === args[0]);
  const page = command === undefined ? "sockwright --help" : `sockwright ${command} --help`;
  return `${first.replace(/\.$/, "")}: see  ${page}`;
}

function version(): string {
  const manifest: unknown = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8"));
  const isManifest = typeof manifest === "object" && manifest !== null && "version" in manifest;
  return isManifest ? String(manifest.version) : "";
}
