import type { Command } from "commander";
import { CommandError, codeOf } from "./command-error.ts";
import { parseDuration } from "./duration.ts";
import { explain } from "./explain.ts";
import { Reporter } from "./reporter.ts";
import { parseSocketOption, type SocketOption } from "./socket-option.ts";
import { StandardInput } from "./standard-input.ts";
import { StandardOutput } from "./standard-output.ts";

/** What `connect` and `listen` are both told. */
export interface RelayCommandOptions {
  readonly wait?: number;
  readonly idleTimeout?: number;
  readonly crlf?: boolean;
  readonly option?: readonly SocketOption[];
  readonly json?: boolean;
}

/** What a command works with. */
export interface Terminal {
  readonly input: StandardInput;
  readonly output: StandardOutput;
  readonly reporter: Reporter;
  /** Aborts when the user ends the command. */
  readonly signal: AbortSignal;
}

export const END_OF_FILE = `
End of file:
  Each direction ends on its own. The end of standard input is told to the peer,
  and what the peer still sends is printed. When the peer ends, standard output is
  closed, and what is still typed is sent. When both have ended, the command ends.
  Datagrams have no end: stop with Ctrl-C, or give --wait or --idle-timeout.

Exit codes:
  0 done   1 network   2 usage or file   3 timeout   128+n ended by signal n`;

/** Adds the options that both commands have. */
export function addRelayOptions(command: Command): Command {
  const time = (option: string) => (text: string) => parseDuration(option, text);
  const collect = (text: string, list: readonly SocketOption[] = []) => [...list, parseSocketOption(text)];
  return command
    .option("--wait <time>", "once one direction has ended, end after so much silence in the other", time("--wait"))
    .option("--idle-timeout <time>", "end with exit code 3 after so much silence", time("--idle-timeout"))
    .option("--crlf", "send each LF as CRLF")
    .option("--option <name=value>", "set a socket option, as TCP_NODELAY=1; repeatable", collect)
    .option("--json", "tell on standard error what happens, errors too, one JSON object a line");
}

/** Runs a command until its end, and gives its exit code. */
export async function runOnTerminal(
  url: string,
  form: "json" | "words" | "errors",
  run: (terminal: Terminal) => Promise<void>,
): Promise<number> {
  const errors = new StandardOutput(2);
  const reporter = new Reporter(errors, form);
  const ending = new AbortController();
  let signalNumber = 0;
  // A second signal has its usual effect.
  for (const [name, number] of SIGNALS) {
    process.once(name, () => {
      signalNumber = number;
      ending.abort();
    });
  }
  let exitCode = 0;
  try {
    await run({ input: new StandardInput(), output: new StandardOutput(1), reporter, signal: ending.signal });
  } catch (error) {
    if (!ending.signal.aborted) exitCode = await tell(error, url, reporter);
  }
  return signalNumber === 0 ? exitCode : 128 + signalNumber;
}

const SIGNALS = [
  ["SIGHUP", 1],
  ["SIGINT", 2],
  ["SIGTERM", 15],
] as const;

async function tell(error: unknown, url: string, reporter: Reporter): Promise<number> {
  const told = explain(error, url);
  if (!(told instanceof CommandError)) throw told;
  const { message, exitCode } = told;
  await reporter.tell({ event: "error", message, code: told.code ?? codeOf(error), exitCode });
  return exitCode;
}
