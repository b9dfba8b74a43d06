import { Command } from "commander";
import { type ConnectedSocket, connectSocket } from "../server/opening/connect-socket.ts";
import { urlAt } from "../server/url/socket-address.ts";
import { type AddressUrl, checkConnectable, formatSocketUrl, parseSocketUrl } from "../server/url/socket-url.ts";
import type { SocketDescriptor } from "../socket/socket-descriptor.ts";
import { CommandError, exitCodes } from "./command-error.ts";
import { parseDuration } from "./duration.ts";
import { relay } from "./relay.ts";
import {
  addRelayOptions,
  END_OF_FILE,
  type RelayCommandOptions,
  runOnTerminal,
  type Terminal,
} from "./relay-command.ts";
import { channelOver } from "./socket-channel.ts";
import { setOptions } from "./socket-option.ts";
import { sourceAddress } from "./source-address.ts";

interface ConnectOptions extends RelayCommandOptions {
  readonly connectTimeout?: number;
  readonly source?: string;
}

const EXAMPLES = `

Examples:
  sockwright connect tcp://127.0.0.1:8000
  sockwright connect tcp://example.com:80 --crlf < request
  echo you | sockwright connect udp://127.0.0.1:9000 --wait 1s
  sockwright connect unix:/run/app.sock`;

/** `sockwright connect URL` */
export function connectCommand(done: (exitCode: number) => void): Command {
  const command = new Command("connect")
    .summary("connect standard input and output to a socket")
    .description("Connects, sends standard input, and prints what comes.")
    .argument("<url>", "tcp://HOST:PORT, udp://HOST:PORT, unix:PATH, unix-dgram:PATH or unix-seqpacket:PATH")
    .option("--connect-timeout <time>", "give the connection up after so long", (text) =>
      parseDuration("--connect-timeout", text),
    )
    .option("--source <address>", "the own address: HOST, HOST:PORT, or for Unix sockets PATH or @NAME");
  return addRelayOptions(command)
    .addHelpText("after", END_OF_FILE + EXAMPLES)
    .action(async (url: string, options: ConnectOptions) => {
      const form = options.json === true ? "json" : "errors";
      done(await runOnTerminal(url, form, (terminal) => connect(url, options, terminal)));
    });
}

async function connect(text: string, options: ConnectOptions, terminal: Terminal): Promise<void> {
  const { input, output, reporter, signal } = terminal;
  const url = parseSocketUrl(text);
  checkConnectable(url);
  const { open } = await connectInTime(url, options, signal);
  try {
    const peer = formatSocketUrl(url);
    await reporter.tell({ event: "open", local: urlAt(url.scheme, open.socket.getsockname()), peer });
    const { wait: waitMs, idleTimeout: idleTimeoutMs, crlf } = options;
    const traffic = await relay(channelOver(open.socket), input, output, { waitMs, idleTimeoutMs, crlf, signal });
    await reporter.tell({ event: "close", peer, ...traffic });
  } finally {
    open.close();
  }
}

async function connectInTime(url: AddressUrl, options: ConnectOptions, signal: AbortSignal): Promise<ConnectedSocket> {
  const { connectTimeout: timeoutMs, option = [] } = options;
  const source = options.source === undefined ? undefined : sourceAddress(url, options.source);
  const ending = new AbortController();
  const abort = (): void => ending.abort();
  signal.addEventListener("abort", abort, { once: true });
  const late = new CommandError(
    `${formatSocketUrl(url)}: no connection within ${timeoutMs} ms (--connect-timeout)`,
    exitCodes.timeout,
  );
  const timer = timeoutMs === undefined ? undefined : setTimeout(() => ending.abort(late), timeoutMs);
  try {
    const prepare = (made: SocketDescriptor): void => setOptions(made, option);
    return await connectSocket(url, { source, prepare, signal: ending.signal });
  } catch (error) {
    throw ending.signal.reason === late ? late : error;
  } finally {
    clearTimeout(timer);
    signal.removeEventListener("abort", abort);
  }
}
