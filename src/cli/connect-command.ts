import { Command } from "commander";
import type { ConnectOptions } from "./connect.ts";
import { addConversationOptions, END_OF_FILE } from "./conversation-command.ts";
import { parseDuration } from "./duration.ts";
import { onlyUrl } from "./operand.ts";
import type { StandardStreams } from "./standard-streams.ts";

const EXAMPLES = `

Examples:
  sockwright connect tcp://127.0.0.1:8000
  sockwright connect tcp://example.com:80 --crlf < request
  echo you | sockwright connect udp://127.0.0.1:9000 --wait 1s
  sockwright connect tls://example.org:443?alpn=http/1.1
  sockwright connect unix:/run/app.sock`;

/** Makes the command `sockwright connect URL`. */
export function connectCommand(streams: StandardStreams, done: (exitCode: number) => void): Command {
  const command = new Command("connect")
    .allowExcessArguments()
    .description("Connects, sends standard input, and prints what it receives.")
    .argument(
      "<url>",
      "tcp://HOST:PORT, tls://HOST:PORT, udp://HOST:PORT, unix:PATH, unix-dgram:PATH or unix-seqpacket:PATH",
    )
    .option("--connect-timeout <time>", "give up connecting after this time", (text) =>
      parseDuration("--connect-timeout", text),
    )
    .option("--source <address>", "the local address: HOST, HOST:PORT, or for Unix sockets PATH or @NAME");
  return addConversationOptions(command)
    .addHelpText("after", END_OF_FILE + EXAMPLES)
    .action(async (_url: string, options: ConnectOptions, own: Command) => {
      const url = onlyUrl(own);
      const { connect } = await import("./connect.ts");
      done(await connect(url, options, streams));
    });
}
