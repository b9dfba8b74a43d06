import { Command } from "commander";
import { bindSocket } from "../server/opening/bind-socket.ts";
import type { OpenSocket } from "../server/opening/open-socket.ts";
import { urlAt } from "../server/url/socket-address.ts";
import { type AddressUrl, checkAddress, parseSocketUrl } from "../server/url/socket-url.ts";
import { SOCK_DGRAM } from "../socket/constants.ts";
import type { Socket } from "../socket/socket.ts";
import { Audience } from "./audience.ts";
import { CommandError, codeOf, exitCodes } from "./command-error.ts";
import { DatagramListener } from "./datagram-listener.ts";
import { type RelayOptions, relay } from "./relay.ts";
import {
  addRelayOptions,
  END_OF_FILE,
  type RelayCommandOptions,
  runOnTerminal,
  type Terminal,
} from "./relay-command.ts";
import { channelOver } from "./socket-channel.ts";
import { setOptions } from "./socket-option.ts";

interface ListenOptions extends RelayCommandOptions {
  readonly keepOpen?: boolean;
}

const KEEP_OPEN = `
With --keep-open:
  What any client sends is printed, and standard input goes to all who are connected;
  datagrams are answered to whoever sent last. A client's end ends its connection.
`;

const EXAMPLES = `

Examples:
  sockwright listen tcp://127.0.0.1:8000
  sockwright listen tcp://127.0.0.1:8000 > file
  sockwright listen --keep-open udp://127.0.0.1:9000 < /dev/null
  sockwright listen unix:/tmp/app.sock
  sockwright listen 'unix:/run/app.sock?mode=660&group=www-data'
  sockwright listen --keep-open 'udp://239.1.1.1:9000?interface=eth0'`;

/** `sockwright listen URL` */
export function listenCommand(done: (exitCode: number) => void): Command {
  const command = new Command("listen")
    .summary("wait for a connection, and connect it to standard input and output")
    .description("Waits for one client, sends standard input to it, and prints what it sends.")
    .argument("<url>", "tcp://HOST:PORT, udp://HOST:PORT, unix:PATH, unix-dgram:PATH or unix-seqpacket:PATH")
    .option("--keep-open", "serve any number of clients, until Ctrl-C");
  return addRelayOptions(command)
    .addHelpText("after", KEEP_OPEN + END_OF_FILE + EXAMPLES)
    .action(async (url: string, options: ListenOptions) => {
      const form = options.json === true ? "json" : "words";
      done(await runOnTerminal(url, form, (terminal) => listen(url, options, terminal)));
    });
}

async function listen(text: string, options: ListenOptions, terminal: Terminal): Promise<void> {
  const url = parseSocketUrl(text);
  checkAddress(url);
  const open = await bindSocket(url, (made) => setOptions(made, options.option ?? []));
  const { socket } = open;
  const close = (): void => socket.close();
  terminal.signal.addEventListener("abort", close, { once: true });
  const { wait: waitMs, idleTimeout: idleTimeoutMs, crlf } = options;
  const relayOptions = { waitMs, idleTimeoutMs, crlf, signal: terminal.signal };
  try {
    const isDatagram = socket.type === SOCK_DGRAM;
    if (!isDatagram) socket.listen();
    await terminal.reporter.tell({ event: "listening", url: urlAt(url.scheme, socket.getsockname()) });
    if (isDatagram) await hearDatagrams(url.scheme, socket, options.keepOpen === true, relayOptions, terminal);
    else if (options.keepOpen === true) await serveAll(url.scheme, socket, relayOptions, terminal);
    else await serveOne(url.scheme, open, relayOptions, terminal);
  } finally {
    terminal.signal.removeEventListener("abort", close);
    open.close();
  }
}

async function serveOne(
  scheme: AddressUrl["scheme"],
  open: OpenSocket,
  options: RelayOptions,
  { input, output, reporter }: Terminal,
): Promise<void> {
  open.socket.settimeout(options.idleTimeoutMs ?? null);
  const [socket, address] = await open.socket.accept().catch((error: unknown) => {
    if (codeOf(error) !== "ERR_SOCKWRIGHT_TIMEOUT") throw error;
    throw new CommandError(`nobody connected for ${options.idleTimeoutMs} ms (--idle-timeout)`, exitCodes.timeout);
  });
  // Nobody else is served: whoever comes later is refused at once, and does not wait for nothing.
  open.close();
  try {
    const peer = urlAt(scheme, address);
    await reporter.tell({ event: "open", local: urlAt(scheme, socket.getsockname()), peer });
    const channel = channelOver(socket);
    const traffic = await relay(channel, input, output, options);
    await reporter.tell({ event: "close", peer, ...traffic });
  } finally {
    socket.close();
  }
}

async function serveAll(
  scheme: AddressUrl["scheme"],
  listener: Socket<unknown>,
  options: RelayOptions,
  { input, output, reporter }: Terminal,
): Promise<void> {
  await new Audience(scheme, input, output, reporter, options).serve(listener.listen());
}

async function hearDatagrams(
  scheme: AddressUrl["scheme"],
  socket: Socket<unknown>,
  keepOpen: boolean,
  options: RelayOptions,
  { input, output, reporter }: Terminal,
): Promise<void> {
  const local = urlAt(scheme, socket.getsockname());
  let peer = `${scheme}:`;
  const channel = new DatagramListener(socket, {
    keepOpen,
    onPeer: (address) => {
      peer = urlAt(scheme, address);
      void reporter.tell({ event: "open", local, peer });
    },
  });
  const traffic = await relay(channel, input, output, options);
  await reporter.tell({ event: "close", peer, ...traffic });
}
