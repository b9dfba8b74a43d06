import { Command, Option } from "commander";
import { DEFAULT_GRACE_MS } from "../supervisor/plan.ts";
import { parseDuration, TIMES } from "./duration.ts";
import { DEFAULT_LISTENER, rootAndListeners } from "./root-and-listeners.ts";
import type { StandardStreams } from "./standard-streams.ts";
import type { WebCommandOptions } from "./web-server.ts";

const HELP = `
It runs until Ctrl-C or SIGTERM; a second signal ends it at once.

Paths of files are relative to ROOT. A pattern without a slash matches names in any folder:
  --cache '*.css=max-age=3600'    --template 'parts/**'
Templates:
  Only files that a --route or a --template names, and the files that they include. A template
  is reached by its route alone. {{name}} is filled in and escaped for its place;
  {{#if name}}, {{#each names}}, {{> part.html}}. A request gives client.address, query.NAME
  and time.
${TIMES}
Examples:
  sockwright web public
  sockwright web . 8080 --listing                     # the folder here, on port 8080
  sockwright web dist --spa --access-log json
  sockwright web . --listen https://127.0.0.1:8443    # makes a certificate
  sockwright web . --listen 'https://*:443?cert=a.pem&key=a.key'
  sockwright web site --route /go=go.html --var title=Sockwright
  sockwright web site --route /go=go.html --check     # names variables without a value

Exit codes:
  0 stopped by a signal   1 network   2 usage, file, or what --check found`;

/** Makes the command `sockwright web`. */
export function webCommand(streams: StandardStreams, done: (exitCode: number) => void): Command {
  const collect = (text: string, list: readonly string[] = []): readonly string[] => [...list, text];
  return new Command("web")
    .allowExcessArguments()
    .usage("ROOT [PORT] [options]")
    .description("Serves the files of a folder over HTTP, and pages made from templates.")
    .option("--listen <url>", `where to listen; repeatable (default: ${DEFAULT_LISTENER})`, collect)
    .option(
      "--index <name>",
      "file to send for a folder; repeatable, the first that exists is sent (default: index.html)",
      collect,
    )
    .option("--listing", "list the files of a folder that has no index file")
    .option("--spa [file]", "send this file (index.html if none is named) for pages that do not exist")
    .option("--not-found <file>", "file for 404 answers, if it exists", "404.html")
    .addOption(
      new Option("--dotfiles <which>", "serve names that begin with a dot: none, only .well-known, all")
        .choices(["hidden", "well-known", "shown"])
        .default("hidden"),
    )
    .addOption(
      new Option("--symlinks <which>", "follow symbolic links: none, those that stay in ROOT, all")
        .choices(["deny", "inside", "follow"])
        .default("inside"),
    )
    .option("--no-precompressed", "do not send FILE.br, FILE.zst or FILE.gz in place of FILE")
    .option("--cache <pattern=value>", "Cache-Control of files; repeatable, the first that matches counts", collect)
    .option("--type <.ext=type>", "Content-Type of an extension; repeatable", collect)
    .option("--header <name: value>", "a header field for all answers; repeatable", collect)
    .option("--security-headers", "send Referrer-Policy, X-Frame-Options and the like")
    .option("--csp <policy>", "Content-Security-Policy for all answers")
    .option("--route <path=file>", "a page that is made from a template; repeatable", collect)
    .option("--template <pattern>", "more files that are templates and are not served as files; repeatable", collect)
    .option("--var <name=text>", "a variable for templates; repeatable", collect)
    .option("--vars <file>", "a file with variables for templates, a JSON object")
    .option("--check", "only check the templates: name variables without a value")
    .addOption(
      new Option("--access-log <format>", "a line for each request")
        .choices(["common", "combined", "json", "off"])
        .default("common"),
    )
    .option("--watch", "reload pages in browsers when a file changes")
    .addOption(
      new Option("--grace <time>", "once stopped, let answers continue for this long")
        .argParser((text: string) => parseDuration("--grace", text))
        .default(DEFAULT_GRACE_MS, "2s"),
    )
    .option("--json", "print one JSON object per line, also for errors")
    .addHelpText("after", HELP)
    .action(async (options: WebCommandOptions, own: Command) => {
      const { root, listen } = rootAndListeners(own.name(), own.args, options.listen);
      const { runWebServer } = await import("./web-server.ts");
      done(await runWebServer(root, { ...options, listen }, streams));
    });
}
