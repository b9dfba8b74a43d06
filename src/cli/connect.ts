import { type ConnectedSocket, connectSocket } from "../server/opening/connect-socket.ts";
import { formatAddressUrl } from "../server/url/socket-address.ts";
import {
  type AddressUrl,
  checkConnectable,
  checkNoProtocol,
  formatSocketUrl,
  parseSocketUrl,
  plainUrl,
} from "../server/url/socket-url.ts";
import type { SocketDescriptor } from "../socket/internal.ts";
import { CommandError, exitCodes } from "./command-error.ts";
import { connectionOf, needsHandshake } from "./connection-of.ts";
import { converse } from "./conversation.ts";
import type { ConversationCommandOptions } from "./conversation-command.ts";
import type { SocketConnection } from "./socket-connection.ts";
import { setOptions } from "./socket-option.ts";
import { sourceAddress } from "./source-address.ts";
import type { StandardStreams } from "./standard-streams.ts";
import { runOnTerminal, type Terminal } from "./terminal.ts";

/** The options of `connect`. */
export interface ConnectOptions extends ConversationCommandOptions {
  readonly connectTimeout?: number;
  readonly source?: string;
}

/** Runs `sockwright connect URL`, and resolves with the exit code. */
export function connect(text: string, options: ConnectOptions, streams: StandardStreams): Promise<number> {
  const form = options.json === true ? "json" : "errors";
  return runOnTerminal({ url: text, role: "target" }, form, streams, (terminal) => connectTo(text, options, terminal));
}

async function connectTo(text: string, options: ConnectOptions, terminal: Terminal): Promise<void> {
  const { input, output, reporter, signal, fail } = terminal;
  const url = parseSocketUrl(text);
  checkConnectable(url);
  checkNoProtocol(url);
  const { open, connection, local } = await connectInTime(url, options, signal);
  try {
    const peer = formatSocketUrl(plainUrl(url));
    await reporter.report({ event: "open", local, peer });
    const { wait: waitMs, idleTimeout: idleTimeoutMs, crlf } = options;
    const conversationOptions = { waitMs, idleTimeoutMs, crlf, signal };
    const { traffic, failure } = await converse(connection, input, output, conversationOptions);
    if (failure !== undefined) await fail(failure.error, { url: text, role: "target" });
    await reporter.report({ event: "close", peer, ...traffic });
  } finally {
    open.close();
  }
}

/** What has the time limit: the socket, and the handshakes above it. */
interface Connected {
  readonly open: ConnectedSocket["open"];
  readonly connection: SocketConnection;
  readonly local: string;
}

async function connectInTime(url: AddressUrl, options: ConnectOptions, signal: AbortSignal): Promise<Connected> {
  const { connectTimeout: timeoutMs, option = [] } = options;
  const source = options.source === undefined ? undefined : sourceAddress(url, options.source);
  const ending = new AbortController();
  const abort = (): void => ending.abort();
  signal.addEventListener("abort", abort, { once: true });
  const late = new CommandError(
    `${formatSocketUrl(url)}: no connection within ${timeoutMs} ms (--connect-timeout)`,
    exitCodes.timeout,
  );
  const begin = needsHandshake(url)
    ? await (await import("./handshake.ts")).clientBegin(url, ending.signal)
    : undefined;
  const timer = timeoutMs === undefined ? undefined : setTimeout(() => ending.abort(late), timeoutMs);
  let open: ConnectedSocket["open"] | undefined;
  try {
    const prepare = (made: SocketDescriptor): void => setOptions(made, option);
    const connected = await connectSocket(url, { source, prepare, signal: ending.signal });
    open = connected.open;
    // Before a handshake takes over the descriptor.
    const local = formatAddressUrl(url.scheme, open.socket.getsockname());
    const connection = begin?.(open.socket, connected.address) ?? connectionOf(open.socket);
    await connection.ready?.();
    return { open, connection, local };
  } catch (error) {
    open?.close();
    throw ending.signal.reason === late ? late : error;
  } finally {
    clearTimeout(timer);
    signal.removeEventListener("abort", abort);
  }
}
