import { Command, Option } from "commander";
import { CommandError, exitCodes } from "./command-error.ts";
import { parseDuration, TIMES } from "./duration.ts";
import type { StandardStreams } from "./standard-streams.ts";
import type { UpOptions } from "./up-server.ts";

const HELP = `
Without FILE the command runs ./sockwright.toml. If that file does not exist, it runs a
demonstration of every service, which only this machine can reach.

It runs until Ctrl-C or SIGTERM; each service then has its grace time to finish. A
second signal ends it at once. SIGHUP and  sockwright ctl reload  make it read the file
and the certificates again: if one of them has a mistake, nothing changes. For https: on
loopback without a certificate, the command makes one; others need cert and key:
  listen = { url = "https://*:443/", cert = "site.pem", key = "site.key" }
${TIMES}
Examples:
  sockwright up                                  the demonstration
  sockwright up /etc/sockwright.toml --check     only check the file
  sockwright up services.toml --log json
  sockwright ctl status --file services.toml     from another terminal

Exit codes:
  0 stopped by a signal   1 network   2 usage, mistakes in the file, or already running`;

/** Makes the command `sockwright up`. */
export function upCommand(streams: StandardStreams, done: (exitCode: number) => void): Command {
  return new Command("up")
    .allowExcessArguments()
    .usage("[FILE] [options]")
    .description("Runs all services of a file.")
    .option("--check", "only check the file and print every mistake")
    .option("--demo", "run the demonstration, even if ./sockwright.toml exists")
    .addOption(
      new Option("--log <form>", "format of the event log, one line per event")
        .choices(["text", "json"])
        .default("text"),
    )
    .addOption(
      new Option(
        "--grace <time>",
        "once stopped, let connections continue for this long (default: as the file says)",
      ).argParser((text: string) => parseDuration("--grace", text)),
    )
    .addHelpText("after", HELP)
    .action(async (options: UpOptions, own: Command) => {
      const [file, ...more] = own.args;
      if (more.length > 0) throw usage("too many arguments for 'up': it takes one file");
      if (options.demo === true && file !== undefined) throw usage(`--demo takes no file: leave ${file} out`);
      if (options.demo === true && options.check === true) throw usage("--demo has no file to check");
      const { runUp } = await import("./up-server.ts");
      done(await runUp(file, options, streams));
    });
}

function usage(message: string): CommandError {
  return new CommandError(message, exitCodes.usage);
}
