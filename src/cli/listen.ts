import { bindSocket } from "../server/opening/bind-socket.ts";
import { commonUrl, type OpenedAt, openOnEach } from "../server/opening/each-address.ts";
import type { OpenSocket } from "../server/opening/open-socket.ts";
import { addressUrlOf, formatAddressUrl } from "../server/url/socket-address.ts";
import {
  type AddressUrl,
  checkAddress,
  checkNoProtocol,
  formatSocketUrl,
  parseSocketUrl,
} from "../server/url/socket-url.ts";
import type { Socket } from "../socket/internal.ts";
import { type Address, SOCK_DGRAM } from "../socket/values.ts";
import { Clients } from "./clients.ts";
import { CommandError, exitCodes } from "./command-error.ts";
import { type Begin, connectionOf, needsHandshake } from "./connection-of.ts";
import { type ConversationOptions, converse } from "./conversation.ts";
import type { ConversationCommandOptions } from "./conversation-command.ts";
import { DatagramListener } from "./datagram-listener.ts";
import { type ErrorContext, explain } from "./explain.ts";
import { type SocketOption, setOptions } from "./socket-option.ts";
import type { StandardStreams } from "./standard-streams.ts";
import { runOnTerminal, type Terminal } from "./terminal.ts";

/** The options of `listen`. */
export interface ListenOptions extends ConversationCommandOptions {
  readonly keepOpen?: boolean;
}

/** One of the sockets of a listener: a name may have several addresses. */
interface Bound extends OpenedAt {
  readonly open: OpenSocket;
}

interface Listening {
  readonly scheme: AddressUrl["scheme"];
  /** One URL for all sockets. */
  readonly url: string;
  readonly sockets: readonly Socket<unknown>[];
  readonly begin: Begin | undefined;
  readonly close: () => void;
}

/** Runs `sockwright listen URL`, and resolves with the exit code. */
export function listen(text: string, options: ListenOptions, streams: StandardStreams): Promise<number> {
  const form = options.json === true ? "json" : "words";
  return runOnTerminal({ url: text, role: "listener" }, form, streams, (terminal) => listenOn(text, options, terminal));
}

async function listenOn(text: string, options: ListenOptions, terminal: Terminal): Promise<void> {
  const listening = await bound(text, options.option ?? []);
  const { sockets } = listening;
  const close = (): void => {
    for (const socket of sockets) socket.close();
  };
  terminal.signal.addEventListener("abort", close, { once: true });
  const { wait: waitMs, idleTimeout: idleTimeoutMs, crlf } = options;
  const conversationOptions = { waitMs, idleTimeoutMs, crlf, signal: terminal.signal };
  const isOpen = options.keepOpen === true;
  try {
    const isDatagram = sockets.every(({ type }) => type === SOCK_DGRAM);
    if (!isDatagram) for (const socket of sockets) socket.listen();
    await terminal.reporter.report({ event: "listening", url: listening.url });
    if (isDatagram) await receiveDatagrams(listening, isOpen, conversationOptions, terminal);
    else if (isOpen) await serveAll(listening, conversationOptions, terminal);
    else await serveOne(listening, conversationOptions, terminal);
  } finally {
    terminal.signal.removeEventListener("abort", close);
    listening.close();
  }
}

async function bound(text: string, options: readonly SocketOption[]): Promise<Listening> {
  const url = parseSocketUrl(text);
  checkAddress(url);
  checkNoProtocol(url);
  const { scheme } = url;
  const begin = needsHandshake(url) ? await (await import("./handshake.ts")).listenerBegin(url) : undefined;
  const all = await openOnEach<Bound>(url, async (each) => {
    checkAddress(each);
    const open = await bindSocket(each, (made) => setOptions(made, options));
    return { url: addressUrlOf(scheme, open.socket.getsockname()), open, close: () => open.close() };
  });
  return {
    scheme,
    url: formatSocketUrl(commonUrl(url, all)),
    sockets: all.map(({ open }) => open.socket),
    begin,
    close: () => {
      for (const { open } of all) open.close();
    },
  };
}

async function serveOne(
  { scheme, sockets, begin, close }: Listening,
  options: ConversationOptions,
  { input, output, reporter, fail }: Terminal,
): Promise<void> {
  const accepted = await first(sockets, close, options.idleTimeoutMs);
  if (accepted === undefined) return;
  const [socket, address] = accepted;
  try {
    const peer = formatAddressUrl(scheme, address);
    const local = formatAddressUrl(scheme, socket.getsockname());
    const connection = begin?.(socket, address) ?? connectionOf(socket);
    try {
      await connection.ready?.();
    } catch (error) {
      await fail(error, { url: peer, role: "peer" });
      return;
    }
    await reporter.report({ event: "open", local, peer });
    const { traffic, failure } = await converse(connection, input, output, options);
    if (failure !== undefined) await fail(failure.error, { url: peer, role: "peer" });
    await reporter.report({ event: "close", peer, ...traffic });
  } finally {
    socket.close();
  }
}

/**
 * Returns the first connection of any listener; undefined if they are closed before. Later clients are refused at once
 * instead of waiting in vain.
 */
async function first(
  sockets: readonly Socket<unknown>[],
  close: () => void,
  timeoutMs: number | undefined,
): Promise<readonly [Socket, Address] | undefined> {
  let chosen: readonly [Socket, Address] | undefined;
  const late = new AbortController();
  const expired = (): void => {
    late.abort();
    close();
  };
  const timer = timeoutMs === undefined ? undefined : setTimeout(expired, timeoutMs);
  // An iteration outlives what accept(2) says is passing, and takes none ahead.
  const acceptFirst = async (socket: Socket<unknown>): Promise<void> => {
    for await (const accepted of socket.listen()) {
      if (chosen === undefined) chosen = accepted;
      else accepted[0].close();
      clearTimeout(timer);
      close();
      return;
    }
  };
  try {
    await Promise.all(sockets.map(acceptFirst));
  } finally {
    clearTimeout(timer);
  }
  if (!late.signal.aborted) return chosen;
  chosen?.[0].close();
  throw new CommandError(`no client connected for ${timeoutMs} ms (--idle-timeout)`, exitCodes.timeout);
}

async function serveAll(
  { scheme, sockets, begin = connectionOf }: Listening,
  options: ConversationOptions,
  { input, output, reporter }: Terminal,
): Promise<void> {
  await new Clients(scheme, input, output, reporter, { ...options, begin }).serve(
    sockets.map((socket) => socket.listen()),
  );
}

async function receiveDatagrams(
  { scheme, url, sockets }: Listening,
  keepOpen: boolean,
  options: ConversationOptions,
  { input, output, reporter, fail }: Terminal,
): Promise<void> {
  let peer: string | undefined;
  const contextOf = (): ErrorContext => (peer === undefined ? { url, role: "listener" } : { url: peer, role: "peer" });
  const connection = new DatagramListener(sockets, {
    keepOpen,
    onPeer: (address, socket) => {
      peer = formatAddressUrl(scheme, address);
      void reporter.report({ event: "open", local: formatAddressUrl(scheme, socket.getsockname()), peer });
    },
    onLoss: (error) => {
      const { message, code } = explain(error, contextOf());
      void reporter.report({ event: "error", message, code, exitCode: undefined });
    },
  });
  const { traffic, failure } = await converse(connection, input, output, options);
  if (failure !== undefined) await fail(failure.error, contextOf());
  await reporter.report({ event: "close", peer: peer ?? `${scheme}:`, ...traffic });
}
