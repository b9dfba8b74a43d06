import { Command, Option } from "commander";
import { age, bytes, count, perSecond, type TextOptionKind } from "../server/options/option-kind.ts";
import { DEFAULT_GRACE_MS } from "../supervisor/plan.ts";
import type { ColorChoice } from "./chat/line-style.ts";
import { CommandError, exitCodes } from "./command-error.ts";
import { parseDuration, TIMES } from "./duration.ts";
import type { StandardStreams } from "./standard-streams.ts";

const HELP = `
Choose one of three modes:
  --listen  hosts a chat for nc, telnet, browsers and --join, until Ctrl-C or SIGTERM
  --join    takes part in a chat. With http://, lines typed while the connection is lost
            are refused, and messages of others from that time are shown later. With
            tcp:// and unix:, as with nc, messages in transit may be lost with the
            connection.
  --with    connects two terminals without a server: it connects, or if no process
            listens there, listens and waits. nc, nc -l and ncat --chat can be the other
            side. For tcp://, unix:, unix-seqpacket: and vsock://, but not for datagrams.

On a terminal, Tab completes names and commands, the arrow keys show earlier lines, and
Ctrl-C or Ctrl-D leaves. Without a terminal, each line of standard input is one message;
without --name the first line is the name. At the end of standard input the command
leaves when the server has acknowledged all messages.
${TIMES}
Examples:
  sockwright chat --listen tcp://127.0.0.1:7000 --listen http://127.0.0.1:8080/chat/ --memory
  sockwright chat --join http://127.0.0.1:8080/chat/ --name rose
  sockwright chat --join https://chat.example.org/ --name rose
  echo "the backup is done" | sockwright chat --join http://127.0.0.1:8080/chat/ --name backup
  sockwright chat --with tcp://127.0.0.1:9000    # the same in two terminals

Exit codes:
  0 done, or stopped by a signal with --listen   1 network   2 usage or file   3 timeout
  4 TLS: refused, or cut off   128+n ended by signal n`;

/** The options that belong to each mode. */
const OPTIONS_OF = {
  listen: "history memory retain messageRate messageBurst maxMessage maxSendQueue maxMembers maxRooms grace json".split(
    " ",
  ),
  join: ["name", "room", "color", "reconnectTimeout"],
  with: ["color"],
} as const;

type Way = keyof typeof OPTIONS_OF;

/** The options of `chat`. */
interface ChatCommandOptions {
  readonly listen?: readonly string[];
  readonly join?: string;
  readonly with?: string;
  readonly history?: string;
  readonly memory?: boolean;
  readonly retain?: number;
  readonly messageRate?: number;
  readonly messageBurst?: number;
  readonly maxMessage?: number;
  readonly maxSendQueue?: number;
  readonly maxMembers?: number;
  readonly maxRooms?: number;
  readonly grace: number;
  readonly json?: boolean;
  readonly name?: string;
  readonly room?: string;
  readonly color: ColorChoice;
  readonly reconnectTimeout?: number;
}

/** Makes the command `sockwright chat`. */
export function chatCommand(streams: StandardStreams, done: (exitCode: number) => void): Command {
  const collect = (text: string, list: readonly string[] = []): readonly string[] => [...list, text];
  const parsedBy =
    (flag: string, kind: TextOptionKind<number | undefined>) =>
    (text: string): number | undefined =>
      kind.parse(flag, text);
  return new Command("chat")
    .allowExcessArguments()
    .usage("--listen URL… | --join URL | --with URL  [options]")
    .description("Hosts a chat, takes part in one, or connects two terminals without a server.")
    .option(
      "--listen <url>",
      "host a chat there: tcp://, tls://, unix:, http://HOST:PORT/chat/ or https://; repeatable",
      collect,
    )
    .option(
      "--join <url>",
      "take part in the chat there: http(s)://HOST:PORT/chat/, tcp://HOST:PORT, tls:// or unix:PATH",
    )
    .option("--with <url>", "talk with another chat --with, or nc, at this address")
    .optionsGroup("With --listen:")
    .option("--history <file>", "the file that keeps messages (default: chat.db in the state directory)")
    .option("--memory", "keep messages in memory only")
    .option(
      "--retain <time>",
      "delete messages older than this, such as 30d (default: never)",
      parsedBy("--retain", age()),
    )
    .option(
      "--message-rate <rate>",
      "average rate of messages of one member (default: 5/s)",
      parsedBy("--message-rate", perSecond()),
    )
    .option(
      "--message-burst <count>",
      "messages that one member may send before the rate applies (default: 200)",
      parsedBy("--message-burst", count()),
    )
    .option("--max-message <size>", "the longest message (default: 4KiB)", parsedBy("--max-message", bytes()))
    .option(
      "--max-send-queue <size>",
      "bytes to queue for a slow member (default: 1MiB)",
      parsedBy("--max-send-queue", bytes()),
    )
    .option(
      "--max-members <count>",
      "members of all rooms together (default: 10000)",
      parsedBy("--max-members", count()),
    )
    .option("--max-rooms <count>", "rooms at one time (default: 1000)", parsedBy("--max-rooms", count()))
    .addOption(
      new Option("--grace <time>", "once stopped, let connections continue for this long")
        .argParser((text: string) => parseDuration("--grace", text))
        .default(DEFAULT_GRACE_MS, "2s"),
    )
    .option("--json", "print one JSON object per line, also for errors")
    .optionsGroup("With --join:")
    .option("--name <name>", "your name (default: you are asked)")
    .option("--room <room>", "the room to go to (default: lobby)")
    .option(
      "--reconnect-timeout <time>",
      "how long to try to reconnect (default: for ever on a terminal, else 1m)",
      (text) => parseDuration("--reconnect-timeout", text),
    )
    .optionsGroup("With --join and --with:")
    .addOption(
      new Option("--color <when>", "colours; auto: on a terminal, unless NO_COLOR is set")
        .choices(["auto", "always", "never"])
        .default("auto"),
    )
    .optionsGroup("Others:")
    .addHelpText("after", HELP)
    .action(async (options: ChatCommandOptions, own: Command) => {
      const way = wayOf(options, own);
      done(await run(way, options, streams));
    });
}

async function run(way: Way, options: ChatCommandOptions, streams: StandardStreams): Promise<number> {
  if (way === "listen") {
    const { runChatServer } = await import("./chat-server.ts");
    const { listen = [], history, memory, messageRate, messageBurst, maxMembers, maxRooms, json = false } = options;
    return runChatServer(
      {
        listen,
        history,
        memory,
        retainMs: options.retain,
        messageRate,
        messageBurst,
        maxMessageBytes: options.maxMessage,
        maxSendQueueBytes: options.maxSendQueue,
        maxMembers,
        maxRooms,
        graceMs: options.grace,
        json,
      },
      streams,
    );
  }
  const { chatWith, joinChat } = await import("./chat/chat-client.ts");
  const { name, room, color, reconnectTimeout: reconnectTimeoutMs } = options;
  const talk = way === "join" ? joinChat : chatWith;
  return talk(options[way] ?? "", { name, room, color, reconnectTimeoutMs }, streams);
}

/** Returns the chosen mode; throws when several are chosen, or an option belongs to another mode. */
function wayOf(options: ChatCommandOptions, command: Command): Way {
  const ways = (["listen", "join", "with"] as const).filter((each) => options[each] !== undefined);
  const [way, other] = ways;
  const [operand] = command.args;
  if (operand !== undefined)
    throw usage(`too many arguments for 'chat': write  sockwright chat --${way ?? "join"} ${operand}`);
  if (way === undefined) {
    throw usage(
      "a mode is missing: write --listen URL to host a chat, --join URL to take part in one, or --with URL for two terminals",
    );
  }
  if (other !== undefined) throw usage(`--${way} and --${other} exclude each other: leave one of them out`);
  const own: readonly string[] = OPTIONS_OF[way];
  for (const option of command.options) {
    const name = option.attributeName();
    if (name in OPTIONS_OF || own.includes(name) || command.getOptionValueSource(name) !== "cli") continue;
    const where = Object.entries(OPTIONS_OF).find(([, names]) => (names as readonly string[]).includes(name));
    throw usage(`${option.long ?? name} belongs to --${where?.[0] ?? "listen"}, not to --${way}: leave it out`);
  }
  if (options.memory === true && options.history !== undefined)
    throw usage("--memory and --history exclude each other: leave one of them out");
  return way;
}

function usage(message: string): CommandError {
  return new CommandError(message, exitCodes.usage);
}
