import { Command, Option } from "commander";
import { type Server, serve } from "../server/serve.ts";
import { peerName } from "../server/transport/peer-name.ts";
import {
  DEFAULT_DATAGRAM_REPLY,
  DEFAULT_FAREWELL,
  DEFAULT_GREETING,
  DEFAULT_READ_BYTES,
  DEFAULT_STREAM_REPLY,
  type GreetOptions,
  greet,
  MAX_READ_BYTES,
} from "../services/greet/greet.ts";
import { SocketError } from "../socket/socket-error.ts";
import { CommandError, exitCodes } from "./command-error.ts";
import { parseDuration } from "./duration.ts";
import { EventLog } from "./event-log.ts";
import { explain } from "./explain.ts";
import { failure, GreetEvents, inWords, type ServerEvent } from "./server-event.ts";
import { StandardOutput } from "./standard-output.ts";
import { LAST_WORDS_MS, within } from "./time-limit.ts";
import { untilSignal } from "./until-signal.ts";

interface GreetCommandOptions {
  readonly listen?: readonly string[];
  readonly greeting: string;
  readonly reply?: string;
  readonly farewell: string;
  readonly readSize: number;
  readonly frame: "read" | "lines";
  readonly closeAfterFirst?: boolean;
  readonly delay?: number;
  readonly grace: number;
  readonly json?: boolean;
}

const DEFAULT_LISTENERS = ["tcp://127.0.0.1:8000", "udp://127.0.0.1:9000"] as const;
const DEFAULT_GRACE_MS = 2_000;

const TEMPLATE = `
It runs until Ctrl-C or SIGTERM; a second one ends it at once.

The reply:
  {data} stands for the message, {address} for where it came from. Without --reply it is
  ${JSON.stringify(DEFAULT_STREAM_REPLY)} on streams and ${JSON.stringify(DEFAULT_DATAGRAM_REPLY)} to datagrams.
  A datagram is never answered with more than 4 times its size and 64 bytes.

Examples:
  sockwright greet
  sockwright greet --listen tcp://127.0.0.1:0 --frame lines
  sockwright greet --listen unix:/tmp/greet.sock --reply 'you are {address}'
  sockwright connect tcp://127.0.0.1:8000    # talks to the first, as nc does

Exit codes:
  0 stopped by a signal   1 network   2 usage or file`;

/** `sockwright greet` */
export function greetCommand(done: (exitCode: number) => void): Command {
  const collect = (text: string, list: readonly string[] = []): readonly string[] => [...list, text];
  const time = (option: string) => (text: string) => parseDuration(option, text);
  return new Command("greet")
    .summary("a server that greets, and answers every message")
    .description("Greets who connects, and answers every message and every datagram.")
    .option("--listen <url>", `where to listen; repeatable (default: ${DEFAULT_LISTENERS.join(" and ")})`, collect)
    .option("--greeting <text>", "sent to every client that connects", DEFAULT_GREETING)
    .option("--reply <template>", "the answer to a message")
    .option("--farewell <word>", "a message that ends the connection", DEFAULT_FAREWELL)
    .option("--read-size <bytes>", "a message is what one read of so many bytes gives", readSize, DEFAULT_READ_BYTES)
    .addOption(
      new Option("--frame <kind>", "a message is what one read gives, or a line")
        .choices(["read", "lines"])
        .default("read"),
    )
    .option("--close-after-first", "end after the first message, answered only if --reply was given")
    .option("--delay <time>", "wait before each answer: 500ms, 2s", time("--delay"))
    .addOption(
      new Option("--grace <time>", "once stopped, let connections go on for so long")
        .argParser(time("--grace"))
        .default(DEFAULT_GRACE_MS, "2s"),
    )
    .option("--json", "print one JSON object a line, errors too")
    .addHelpText("after", TEMPLATE)
    .action(async (options: GreetCommandOptions) => {
      await run(options);
      done(0);
    });
}

async function run(options: GreetCommandOptions): Promise<void> {
  const log = new EventLog(new StandardOutput(1));
  const tell = (event: ServerEvent): void => log.print(options.json === true ? JSON.stringify(event) : inWords(event));
  const { first, second } = untilSignal();
  const server = await started(options, tell);
  for (const url of server.urls) tell({ event: "listening", url });
  await first;
  await Promise.race([server.close({ graceMs: options.grace }), second]);
  await within(LAST_WORDS_MS, log.printed());
}

async function started(options: GreetCommandOptions, tell: (event: ServerEvent) => void): Promise<Server> {
  const { greeting, reply, farewell, readSize: readBytes, frame, closeAfterFirst, delay: delayMs } = options;
  const events = new GreetEvents();
  const onEvent: GreetOptions["onEvent"] = (event) => tell(events.eventOf(event));
  const service = greet({ greeting, reply, farewell, readBytes, frame, closeAfterFirst, delayMs, onEvent });
  const urls = options.listen ?? DEFAULT_LISTENERS;
  try {
    return await serve(urls, service, {
      onError: (error, peer) => tell(failure(error, peer === undefined ? "" : peerName(peer))),
    });
  } catch (error) {
    throw explain(error, whichOf(urls, error));
  }
}

/** The listener that failed, by the address that the error names; all of them, where it names none. */
function whichOf(urls: readonly string[], error: unknown): string {
  if (!(error instanceof SocketError)) return urls.join(" ");
  const name = error.port === undefined ? error.address : `:${error.port}`;
  const named = name === undefined ? [] : urls.filter((url) => url.endsWith(name));
  return named.length === 1 ? named.join() : urls.join(" ");
}

function readSize(text: string): number {
  const bytes = /^\d+$/.test(text) ? Number(text) : 0;
  if (bytes >= 1 && bytes <= MAX_READ_BYTES) return bytes;
  const reason = `is no size of a read: write a number from 1 to ${MAX_READ_BYTES}`;
  throw new CommandError(`--read-size ${JSON.stringify(text)} ${reason}`, exitCodes.usage);
}
