import { Command } from "commander";
import { parseDuration, TIMES } from "./duration.ts";
import { onlyUrl } from "./operand.ts";
import type { StandardStreams } from "./standard-streams.ts";
import type { TlsCommandOptions } from "./tls.ts";

const HELP = `${TIMES}
Examples:
  sockwright tls https://example.org
  sockwright tls tls://127.0.0.1:8443?ca=ca.pem
  sockwright tls 'tls://192.0.2.1:993?servername=mail.example.org'

A certificate that is refused is printed, too; nothing is sent to the server but the handshake.

Exit codes:
  0 accepted   1 network   2 usage or file   3 timeout   4 refused`;

/** Makes the command `sockwright tls URL`. */
export function tlsCommand(streams: StandardStreams, done: (exitCode: number) => void): Command {
  return new Command("tls")
    .allowExcessArguments()
    .description("Shows the certificates of a server, and whether a client accepts them.")
    .argument("<url>", "tls://HOST:PORT, https://HOST, tls+unix:PATH or https+unix:PATH, with options such as ?ca=FILE")
    .option("--connect-timeout <time>", "give up after this time (default: 10s)", (text) =>
      parseDuration("--connect-timeout", text),
    )
    .option("--json", "print one JSON object, also for errors")
    .addHelpText("after", HELP)
    .action(async (_url: string, options: TlsCommandOptions, own: Command) => {
      const url = onlyUrl(own);
      const { showTls } = await import("./tls.ts");
      done(await showTls(url, options, streams));
    });
}
