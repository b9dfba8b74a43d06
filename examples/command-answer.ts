// How the command servers answer a line, see command-frame.ts for what they send.
import type { Socket } from "sockwright";
import { printable } from "./client-limits.ts";
import { END, ERRORS, sendFrame, untilGone } from "./command-frame.ts";
import { runCommand } from "./command-run.ts";

const COMMANDS = [["date"], ["date", "+%A %H:%M"], ["uname", "-a"], ["df", "-h"]];
const ALLOWED = new Map(COMMANDS.map((argv) => [argv.join(" "), argv])); // by whole lines
const MAX_RUNNING = 8;
let running = 0;

export async function answerCommand(line: string, peer: Socket): Promise<void> {
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
