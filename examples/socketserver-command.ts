// As command-server.ts, with socketserver: node dist/examples/socketserver-command.js [PATH]
import * as socketserver from "sockwright/socketserver";
import { usage } from "./address.ts";
import { IDLE_TIMEOUT_MS, MAX_CLIENTS } from "./client-limits.ts";
import { ctrlC, run, tell, UsageError } from "./command.ts";
import { answerCommand } from "./command-answer.ts";
import { COMMAND_PATH } from "./command-frame.ts";
import { freePath } from "./unix-path.ts";

const MAX_LINE_BYTES = 4096;

class CommandHandler extends socketserver.StreamRequestHandler {
  override timeout = IDLE_TIMEOUT_MS;

  override async handle(): Promise<void> {
    const line = await this.rfile.readline(MAX_LINE_BYTES);
    await answerCommand(String(line).replace(/\r?\n$/, ""), this.request);
  }
}

class CommandServer extends socketserver.ThreadingUnixStreamServer {
  override daemon_threads = true; // Ctrl-C waits for no command
  override max_tasks = MAX_CLIENTS;

  override handle_error(_: unknown, client_address: socketserver.Address, error: unknown): void {
    tell(error, client_address);
  }
}

await run(async () => {
  const [path = COMMAND_PATH, more] = process.argv.slice(2);
  if (!path || more !== undefined) throw new UsageError(usage("[PATH]"));
  process.umask(0o077); // unix(7): who may not write to the path cannot connect
  await using server = new CommandServer({ path }, CommandHandler);
  await freePath(server.socket_type, path);
  await server.bind_and_activate();
  ctrlC().addEventListener("abort", () => void server.shutdown());
  console.log(`Waiting on ${path} for commands...`);
  await server.serve_forever();
});
