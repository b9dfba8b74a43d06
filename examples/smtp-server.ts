// Takes mail and prints it, RFC 5321: node dist/examples/smtp-server.js [HOST:PORT]
import type { Connection } from "sockwright/server";
import { printable } from "./client-limits.ts";
import { run } from "./command.ts";
import { listenHere } from "./listen-here.ts";
import { Envelope } from "./smtp-answer.ts";
import { commandLines, readCommand } from "./smtp-command.ts";
import { readMessage } from "./smtp-message.ts";

const [COMMAND_MS, DATA_MS] = [300_000, Number(process.env["DATA_MS"] ?? 180_000)];

async function session(connection: Connection): Promise<void> {
  const commands = connection.frames(commandLines);
  const say = (...answer: readonly string[]): string => {
    for (const line of answer) commands.write(line);
    return answer[0]?.slice(0, 3) ?? "";
  };
  const late = (): unknown => say("421 too slow") && connection.close();
  const [command, data] = [connection.deadline("command", late), connection.deadline("data", late)];
  const envelope = new Envelope();
  say("220 at your service");
  for (let code = ""; code !== "221"; await connection.drained()) {
    command.start(COMMAND_MS);
    const line = await readCommand(commands);
    command.cancel();
    if (line === undefined) return;
    code = say(...envelope.answer(line));
    if (code !== "354") continue;
    data.start(DATA_MS);
    const mail = await readMessage(connection);
    data.cancel();
    if (mail === undefined) return;
    if (mail !== "") console.log(`to ${envelope.to.join(" ")}: ${printable(mail)}`);
    say(mail === "" ? "552 too large" : "250 taken");
  }
}

await run(() => listenHere(session));
