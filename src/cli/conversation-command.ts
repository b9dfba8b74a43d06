import type { Command } from "commander";
import { parseDuration, TIMES } from "./duration.ts";
import { parseSocketOption, type SocketOption } from "./socket-option.ts";

/** The options that `connect` and `listen` share. */
export interface ConversationCommandOptions {
  readonly wait?: number;
  readonly idleTimeout?: number;
  readonly crlf?: boolean;
  readonly option?: readonly SocketOption[];
  readonly json?: boolean;
}

export const END_OF_FILE = `${TIMES}
End of file:
  Each direction ends on its own. At the end of standard input the command shuts down
  its sending side and still prints what the peer sends. When the peer ends, the command
  closes standard output and still sends its input. When both have ended, it exits.
  Datagrams have no end: stop with Ctrl-C, or give --wait or --idle-timeout.

Exit codes:
  0 done   1 network   2 usage or file   3 timeout   4 TLS: refused, or cut off
  128+n ended by signal n`;

/** Adds the options that both commands have. */
export function addConversationOptions(command: Command): Command {
  const time = (option: string) => (text: string) => parseDuration(option, text);
  const collect = (text: string, list: readonly SocketOption[] = []) => [...list, parseSocketOption(text)];
  return command
    .option(
      "--wait <time>",
      "once one direction has ended, end after this time without data in the other",
      time("--wait"),
    )
    .option("--idle-timeout <time>", "end with exit code 3 after this time without data", time("--idle-timeout"))
    .option("--crlf", "send each LF as CRLF")
    .option("--option <name=value>", "set a socket option, such as TCP_NODELAY=1; repeatable", collect)
    .option("--json", "report events and errors on standard error, one JSON object per line");
}
