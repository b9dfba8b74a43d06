import { Command } from "commander";
import { CommandError, exitCodes } from "./command-error.ts";
import type { CtlOptions, CtlWords } from "./ctl.ts";
import type { StandardStreams } from "./standard-streams.ts";

const HELP = `
Commands:
  status           show the services, their addresses and their counters
  connections      show the open connections
  kill ID          close one connection at once
  reload           read the file of \`up\` again; returns when the change is in effect
  drain [SERVICE]  accept no more connections, for one service or all; open ones finish
  stop             end \`up\`; returns when all services have ended

Examples:
  sockwright ctl status
  sockwright ctl connections --json
  sockwright ctl reload --file /etc/sockwright.toml

Exit codes:
  0 done   1 no answer   2 usage, mistakes in the file, or unknown connection or service`;

/** The number of operands of each command. */
const OPERANDS: Readonly<Record<CtlWords["command"], readonly [least: number, most: number]>> = {
  status: [0, 0],
  connections: [0, 0],
  kill: [1, 1],
  reload: [0, 0],
  drain: [0, 1],
  stop: [0, 0],
};

/** Makes the command `sockwright ctl`. */
export function ctlCommand(streams: StandardStreams, done: (exitCode: number) => void): Command {
  return new Command("ctl")
    .allowExcessArguments()
    .usage("COMMAND [options]")
    .description("Shows the state of a running `sockwright up` and controls it.")
    .option("--socket <path>", "path of its admin socket")
    .option("--file <file>", "the file that it runs, which names the admin socket (default: ./sockwright.toml)")
    .option("--json", "print one JSON object, also for errors")
    .addHelpText("after", HELP)
    .action(async (options: CtlOptions, own: Command) => {
      const words = wordsOf(own.args);
      if (options.socket !== undefined && options.file !== undefined)
        throw usage("--socket and --file both say where the admin socket is: leave one of them out");
      const { runCtl } = await import("./ctl.ts");
      done(await runCtl(words, options, streams));
    });
}

function wordsOf([name, ...operands]: readonly string[]): CtlWords {
  const names = Object.keys(OPERANDS).join(", ");
  if (name === undefined) throw usage(`a command is missing: ${names}, as in  sockwright ctl status`);
  if (!isCommand(name)) throw usage(`unknown command '${name}' of ctl: the commands are ${names}`);
  const [least, most] = OPERANDS[name];
  if (operands.length < least) throw usage(`the id of a connection is missing: sockwright ctl connections  shows them`);
  if (operands.length > most) throw usage(`too many arguments for 'ctl ${name}': see  sockwright ctl --help`);
  return { command: name, operand: operands[0] };
}

function isCommand(name: string): name is CtlWords["command"] {
  return Object.hasOwn(OPERANDS, name);
}

function usage(message: string): CommandError {
  return new CommandError(message, exitCodes.usage);
}
