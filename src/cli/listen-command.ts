import { Command } from "commander";
import { addConversationOptions, END_OF_FILE } from "./conversation-command.ts";
import type { ListenOptions } from "./listen.ts";
import { onlyUrl } from "./operand.ts";
import type { StandardStreams } from "./standard-streams.ts";

const KEEP_OPEN = `
With --keep-open:
  The command prints what any client sends, and sends standard input to all connected
  clients; with datagrams, to the last sender. When a client ends, its connection
  closes. The fastest client sets the pace. A client that falls 16 MiB behind has one
  second to receive half of that; otherwise it is dropped, with a message on standard
  error. A datagram that its receiver does not take within a second is lost. With --wait
  the command ends when standard input has ended and all were silent for that time.
`;

const EXAMPLES = `

Examples:
  sockwright listen tcp://127.0.0.1:8000
  sockwright listen tcp://127.0.0.1:8000 > file
  sockwright listen --keep-open udp://127.0.0.1:9000 < /dev/null
  sockwright listen 'tls://127.0.0.1:8443?cert=localhost.pem&key=localhost.key'
  sockwright listen unix:/tmp/app.sock
  sockwright listen 'unix:/run/app.sock?mode=660&group=www-data'
  sockwright listen --keep-open 'udp://239.1.1.1:9000?interface=eth0'`;

/** Makes the command `sockwright listen URL`. */
export function listenCommand(streams: StandardStreams, done: (exitCode: number) => void): Command {
  const command = new Command("listen")
    .allowExcessArguments()
    .description("Waits for one client, sends standard input to it, and prints what it sends.")
    .argument(
      "<url>",
      "tcp://HOST:PORT, tls://HOST:PORT, udp://HOST:PORT, unix:PATH, unix-dgram:PATH or unix-seqpacket:PATH",
    )
    .option("--keep-open", "serve many clients, until Ctrl-C");
  return addConversationOptions(command)
    .addHelpText("after", KEEP_OPEN + END_OF_FILE + EXAMPLES)
    .action(async (_url: string, options: ListenOptions, own: Command) => {
      const url = onlyUrl(own);
      const { listen } = await import("./listen.ts");
      done(await listen(url, options, streams));
    });
}
