import { Command, Option } from "commander";
import {
  DEFAULT_DATAGRAM_REPLY,
  DEFAULT_FAREWELL,
  DEFAULT_GREETING,
  DEFAULT_READ_BYTES,
  DEFAULT_STREAM_REPLY,
  GREET_OPTIONS,
  MAX_READ_BYTES,
} from "../services/greet/greet.ts";
import { DEFAULT_GRACE_MS } from "../supervisor/plan.ts";
import { CommandError, exitCodes } from "./command-error.ts";
import { parseDuration, TIMES } from "./duration.ts";
import type { GreetCommandOptions } from "./greet-server.ts";
import { noOperand } from "./operand.ts";
import type { StandardStreams } from "./standard-streams.ts";

const DEFAULT_LISTENERS = ["tcp://127.0.0.1:8000", "udp://127.0.0.1:9000"] as const;

const TEMPLATE = `
It runs until Ctrl-C or SIGTERM; a second signal ends it at once.

The reply:
  {data} stands for the message, {address} for the sender's address. The default reply
  is ${JSON.stringify(DEFAULT_STREAM_REPLY)} on streams and ${JSON.stringify(DEFAULT_DATAGRAM_REPLY)} to datagrams.
  The clients of socket tutorials expect no line end: --greeting 'Welcome!'
  A datagram is never answered with more than 4 times its size and 64 bytes.
${TIMES}
Examples:
  sockwright greet
  sockwright greet --listen tcp://127.0.0.1:0 --frame lines
  sockwright greet --listen unix:/tmp/greet.sock --reply 'you are {address}'
  sockwright greet --listen 'tls://127.0.0.1:8443?cert=localhost.pem&key=localhost.key'
  sockwright connect tcp://127.0.0.1:8000    # talks to the first, as nc does

Exit codes:
  0 stopped by a signal   1 network   2 usage or file`;

/** Makes the command `sockwright greet`. */
export function greetCommand(streams: StandardStreams, done: (exitCode: number) => void): Command {
  const collect = (text: string, list: readonly string[] = []): readonly string[] => [...list, text];
  const time = (option: string) => (text: string) => parseDuration(option, text);
  return new Command("greet")
    .allowExcessArguments()
    .description("Greets every client, and answers every message and every datagram.")
    .option("--listen <url>", `where to listen; repeatable (default: ${DEFAULT_LISTENERS.join(" and ")})`, collect)
    .addOption(
      new Option("--greeting <text>", "sent as it is to every client that connects").default(
        DEFAULT_GREETING,
        'the line "Welcome!"',
      ),
    )
    .option("--reply <template>", "the answer to a message")
    .option("--farewell <word>", "the message that ends the connection", DEFAULT_FAREWELL)
    .option(
      "--read-size <bytes>",
      "read up to this many bytes at a time; each read is a message",
      readSize,
      DEFAULT_READ_BYTES,
    )
    .addOption(
      new Option("--frame <kind>", "what a message is: the bytes of one read, or a line")
        .choices(["read", "lines"])
        .default("read"),
    )
    .option("--close-after-first", "close each connection after its first message; answer it only if --reply is given")
    .option("--delay <time>", "wait before each answer: 500ms, 2s", time("--delay"))
    .addOption(
      new Option("--grace <time>", "once stopped, let connections continue for this long")
        .argParser(time("--grace"))
        .default(DEFAULT_GRACE_MS, "2s"),
    )
    .option("--json", "print one JSON object per line, also for errors")
    .addHelpText("after", TEMPLATE)
    .action(async (options: GreetCommandOptions, own: Command) => {
      noOperand(own);
      const { runGreetServer } = await import("./greet-server.ts");
      await runGreetServer({ ...options, listen: options.listen ?? DEFAULT_LISTENERS }, streams);
      done(0);
    });
}

function readSize(text: string): number {
  try {
    return GREET_OPTIONS.kinds.readBytes.parse("--read-size", text);
  } catch {
    const reason = `is not a read size: write a number from 1 to ${MAX_READ_BYTES}`;
    throw new CommandError(`--read-size ${JSON.stringify(text)} ${reason}`, exitCodes.usage);
  }
}
