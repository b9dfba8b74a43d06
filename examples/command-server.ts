// Commands on a Unix socket, see command-frame.ts: node dist/examples/command-server.js [PATH]
import { AF_UNIX, type Socket, socket } from "sockwright";
import { usage } from "./address.ts";
import { limited } from "./client-limits.ts";
import { ctrlC, run, tell, UsageError } from "./command.ts";
import { answerCommand } from "./command-answer.ts";
import { COMMAND_PATH } from "./command-frame.ts";
import { lines } from "./lines.ts";
import { bindPath } from "./unix-path.ts";

async function session(peer: Socket): Promise<void> {
  const { value: line = "" } = await lines(peer).next();
  await answerCommand(line, peer);
}

await run(async () => {
  const signal = ctrlC();
  const [path = COMMAND_PATH, more] = process.argv.slice(2);
  if (!path || more !== undefined) throw new UsageError(usage("[PATH]"));
  process.umask(0o077); // unix(7): a user without write permission on the path cannot connect
  await using server = socket(AF_UNIX);
  await bindPath(server, path);
  server.listen();
  console.log(`Waiting on ${path} for commands...`);
  await server.serve(limited(session), { signal, onError: tell });
});
