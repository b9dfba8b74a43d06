import { Command } from "commander";
import type { ListenOptions } from "./listen.ts";
import { onlyUrl } from "./operand.ts";
import { addRelayOptions, END_OF_FILE } from "./relay-command.ts";
import type { StandardStreams } from "./standard-streams.ts";

const KEEP_OPEN = `
With --keep-open:
  What any client sends is printed, and standard input goes to all who are connected;
  datagrams are answered to whoever sent last. A client's end ends its connection.
  The fastest client sets the pace. One that falls 16 MiB behind has a second to take
  half of that, else it is dropped, with a word on standard error; one that has taken
  no datagram for a second loses it. With --wait the command ends after so much
  silence of all, once standard input has ended.
`;

const EXAMPLES = `

Examples:
  sockwright listen tcp://127.0.0.1:8000
  sockwright listen tcp://127.0.0.1:8000 > file
  sockwright listen --keep-open udp://127.0.0.1:9000 < /dev/null
  sockwright listen unix:/tmp/app.sock
  sockwright listen 'unix:/run/app.sock?mode=660&group=www-data'
  sockwright listen --keep-open 'udp://239.1.1.1:9000?interface=eth0'`;

/** Makes the command `sockwright listen URL`. */
export function listenCommand(streams: StandardStreams, done: (exitCode: number) => void): Command {
  const command = new Command("listen")
    .allowExcessArguments()
    .description("Waits for one client, sends standard input to it, and prints what it sends.")
    .argument("<url>", "tcp://HOST:PORT, udp://HOST:PORT, unix:PATH, unix-dgram:PATH or unix-seqpacket:PATH")
    .option("--keep-open", "serve any number of clients, until Ctrl-C");
  return addRelayOptions(command)
    .addHelpText("after", KEEP_OPEN + END_OF_FILE + EXAMPLES)
    .action(async (_url: string, options: ListenOptions, own: Command) => {
      const url = onlyUrl(own);
      const { listen } = await import("./listen.ts");
      done(await listen(url, options, streams));
    });
}
