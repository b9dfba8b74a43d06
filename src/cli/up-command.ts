import { Command, Option } from "commander";
import { CommandError, exitCodes } from "./command-error.ts";
import { parseDuration, TIMES } from "./duration.ts";
import type { StandardStreams } from "./standard-streams.ts";
import type { UpOptions } from "./up-server.ts";

const HELP = `
Without FILE it runs ./sockwright.toml, and where there is none, a demonstration of
every service on this machine alone.

It runs until Ctrl-C or SIGTERM: each service then has its grace to finish. A second one
ends it at once. SIGHUP and  sockwright ctl reload  have it read the file again: all of
that takes effect, or nothing where something is wrong with it.
${TIMES}
Examples:
  sockwright up                                  the demonstration
  sockwright up /etc/sockwright.toml --check     only tell what is wrong with the file
  sockwright up services.toml --log json
  sockwright ctl status --file services.toml     from another terminal

Exit codes:
  0 stopped by a signal   1 network   2 usage, mistakes in the file, or it runs already`;

/** Makes the command `sockwright up`. */
export function upCommand(streams: StandardStreams, done: (exitCode: number) => void): Command {
  return new Command("up")
    .allowExcessArguments()
    .usage("[FILE] [options]")
    .description("Runs all services of a file.")
    .option("--check", "only read the file, and tell every mistake in it")
    .option("--demo", "run the demonstration, also where there is a ./sockwright.toml")
    .addOption(new Option("--log <form>", "what happens, a line each").choices(["text", "json"]).default("text"))
    .addOption(
      new Option(
        "--grace <time>",
        "once stopped, let connections go on for so long (default: as the file says)",
      ).argParser((text: string) => parseDuration("--grace", text)),
    )
    .addHelpText("after", HELP)
    .action(async (options: UpOptions, own: Command) => {
      const [file, ...more] = own.args;
      if (more.length > 0) throw usage("too many arguments for 'up': it takes one file");
      if (options.demo === true && file !== undefined) throw usage(`--demo runs no file: leave ${file} out`);
      if (options.demo === true && options.check === true) throw usage("--demo has no file to check");
      const { runUp } = await import("./up-server.ts");
      done(await runUp(file, options, streams));
    });
}

function usage(message: string): CommandError {
  return new CommandError(message, exitCodes.usage);
}
