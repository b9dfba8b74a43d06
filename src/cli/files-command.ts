import { Command, Option } from "commander";
import { DEFAULT_GRACE_MS } from "../supervisor/plan.ts";
import { CommandError, exitCodes } from "./command-error.ts";
import { parseDuration, TIMES } from "./duration.ts";
import type { FilesCommandOptions } from "./files-server.ts";
import { DEFAULT_LISTENER, rootAndListeners } from "./root-and-listeners.ts";
import type { StandardStreams } from "./standard-streams.ts";

const HELP = `
It runs until Ctrl-C or SIGTERM; a second signal ends it at once. It prints a line for each
change. Its state is in ROOT/.sockwright, which no request reaches.

Rights: list, read, create, overwrite, delete. Without --users, everybody on this machine may list,
read and create, or what --allow says. A server that others reach needs --users.
Sizes: 65536, 64KiB, 16MiB or 4GiB.
${TIMES}
More commands:
  sockwright files link ROOT PATH          print a link to read one file, for a day
  sockwright files receipts ROOT           print the receipts, JSON lines
  sockwright files receipts ROOT --sums    print the digests of the files for sha256sum -c
  sockwright files user NAME               print an entry for the users file, with a new token

Examples:
  sockwright files .
  curl -T photo.jpg http://127.0.0.1:8080/                    # upload
  curl -D H -H 'Upload-Complete: ?1' -T big http://127.0.0.1:8080/big    # one that can go on:
  curl -C OFFSET -T big http://127.0.0.1:8080LOCATION         # LOCATION is in H, OFFSET from HEAD
  sockwright files /srv/files --listen 'https://*:443?cert=a.pem&key=a.key' --users users.toml

Exit codes:
  0 stopped by a signal   1 network   2 usage or file`;

/** Makes the command `sockwright files`. */
export function filesCommand(streams: StandardStreams, done: (exitCode: number) => void): Command {
  const collect = (text: string, list: readonly string[] = []): readonly string[] => [...list, text];
  return new Command("files")
    .allowExcessArguments()
    .usage("ROOT [PORT] [options]")
    .description("Receives files over HTTP: with curl, forms, tus, the IETF draft for resumable uploads, and browsers.")
    .option("--listen <url>", `where to listen; repeatable (default: ${DEFAULT_LISTENER})`, collect)
    .option("--allow <rights>", "what everybody may do, separated by commas (default: list,read,create)")
    .option("--users <file>", "the users and their rights, TOML; chmod 600")
    .option("--host <name>", "another host name of the server; repeatable", collect)
    .option(
      "--allow-origin <url>",
      "a site whose pages may upload, such as https://app.example.org; repeatable",
      collect,
    )
    .option("--max-size <size>", "the largest file (default: 1024GiB)")
    .option("--quota <size>", "the most bytes of all files together")
    .option("--max-partials <count>", "the most uploads that are not complete (default: 1000)")
    .option("--expire <time>", "remove an upload to which nothing is appended for this long (default: 1d)")
    .addOption(
      new Option("--digest <algorithm>", "compute digests, and check uploads after a restart")
        .choices(["sha256", "none"])
        .default("sha256"),
    )
    .addOption(
      new Option("--on-conflict <what>", "what becomes of a file whose name is taken")
        .choices(["fail", "rename"])
        .default("fail"),
    )
    .option("--sums", "with receipts: print lines for sha256sum -c")
    .option("--password", "with user: read a password from standard input instead of making a token")
    .option("--base <url>", "with link: the URL of the server")
    .option("--for <time>", "with link: how long it is valid (default: 1d)")
    .addOption(
      new Option("--grace <time>", "once stopped, let requests continue for this long")
        .argParser((text: string) => parseDuration("--grace", text))
        .default(DEFAULT_GRACE_MS, "2s"),
    )
    .option("--json", "print one JSON object per line, also for errors")
    .addHelpText("after", HELP)
    .action(async (options: FilesCommandOptions, own: Command) => {
      done(await runFiles(own.args, options, streams));
    });
}

async function runFiles(
  args: readonly string[],
  options: FilesCommandOptions,
  streams: StandardStreams,
): Promise<number> {
  const [first, operand, path, ...more] = args;
  const isOther = first === "link" || first === "receipts" || first === "user";
  if (!isOther) {
    const { root, listen } = rootAndListeners("files", args, options.listen);
    const { runFilesServer } = await import("./files-server.ts");
    return await runFilesServer(root, { ...options, listen }, streams);
  }
  const needed = first === "link" ? "ROOT PATH" : first === "receipts" ? "ROOT" : "NAME";
  const isRight = operand !== undefined && more.length === 0 && (path !== undefined) === (first === "link");
  if (!isRight) throw new CommandError(`write  sockwright files ${first} ${needed}`, exitCodes.usage);
  switch (first) {
    case "link": {
      const { printLink } = await import("./files-link.ts");
      return await printLink(operand, path ?? "", options, streams);
    }
    case "receipts": {
      const { printReceipts } = await import("./files-receipts.ts");
      return await printReceipts(operand, options.sums === true, streams);
    }
    case "user": {
      const { printUser } = await import("./files-user.ts");
      return await printUser(operand, options.password === true, streams);
    }
  }
}
