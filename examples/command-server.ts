// Commands on a Unix socket, see command-frame.ts: node dist/examples/command-server.js [PATH]
import { AF_UNIX, type Socket, socket } from "sockwright";
import { usage } from "./address.ts";
import { limited, printable } from "./client-limits.ts";
import { ctrlC, run, tell, UsageError } from "./command.ts";
import { COMMAND_PATH, END, ERRORS, sendFrame, untilGone } from "./command-frame.ts";
import { runCommand } from "./command-run.ts";
import { lines } from "./lines.ts";
import { bindPath } from "./unix-path.ts";

const COMMANDS = [["date"], ["date", "+%A %H:%M"], ["uname", "-a"], ["df", "-h"]];
const ALLOWED = new Map(COMMANDS.map((argv) => [argv.join(" "), argv])); // by whole lines
const MAX_RUNNING = 8;
let running = 0;

async function session(peer: Socket): Promise<void> {
  const { value: line = "" } = await lines(peer).next();
  const argv = ALLOWED.get(line);
  let status = argv === undefined ? 126 : 125;
  if (argv === undefined) await sendFrame(peer, ERRORS, `${[...ALLOWED.keys()].join("\n")}\n`);
  else if (running >= MAX_RUNNING) await sendFrame(peer, ERRORS, "too many commands at once\n");
  else {
    running++;
    status = await runCommand(argv, peer, untilGone(peer)).finally(() => running--);
  }
  console.log(`${printable(line)}: exit status ${status}`);
  await sendFrame(peer, END, String(status));
}

await run(async () => {
  const signal = ctrlC();
  const [path = COMMAND_PATH, more] = process.argv.slice(2);
  if (!path || more !== undefined) throw new UsageError(usage("[PATH]"));
  process.umask(0o077); // unix(7): who may not write to the path cannot connect
  await using server = socket(AF_UNIX);
  await bindPath(server, path);
  server.listen();
  console.log(`Waiting on ${path} for commands...`);
  await server.serve(limited(session), { signal, onError: tell });
});
