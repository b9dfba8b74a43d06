// Has command-server.js run a command: node dist/examples/command-client.js "uname -a" [PATH]
import { AF_UNIX, socket } from "sockwright";
import { usage } from "./address.ts";
import { run, UsageError } from "./command.ts";
import { COMMAND_PATH, END, ERRORS, receiveFrame } from "./command-frame.ts";

/** Longer than the time that the server gives a command. */
const TIMEOUT_MS = 15_000;

await run(async () => {
  const [command, path = COMMAND_PATH, more] = process.argv.slice(2);
  if (!command || more !== undefined) throw new UsageError(usage('"COMMAND" [PATH]'));
  await using client = socket(AF_UNIX);
  client.settimeout(TIMEOUT_MS);
  await client.connect({ path });
  await client.sendall(`${command}\n`);
  for (;;) {
    const [kind, data] = await receiveFrame(client);
    if (kind === END) {
      process.exitCode = Number(data);
      return;
    }
    const output = kind === ERRORS ? process.stderr : process.stdout;
    await new Promise((written) => output.write(data, written));
  }
});
