// Chat between two terminals, the side that waits: node dist/examples/chat-server.js [HOST:PORT]
// What you type goes to the other side; Ctrl-D ends. A third client gets the answer "busy".
import { createInterface } from "node:readline";
import { SO_REUSEADDR, SOL_SOCKET, type Socket, socket } from "sockwright";
import { addressArgument, announce, nameOf } from "./address.ts";
import { Conversation } from "./chat-conversation.ts";
import { lastWord, limited } from "./client-limits.ts";
import { ctrlC, run, tell } from "./command.ts";

const signal = ctrlC();
let partner: { readonly conversation: Conversation; readonly peer: Socket } | undefined;
const session = limited(async (peer, address) => {
  if (partner !== undefined) return await lastWord(peer, "The line is busy.\n");
  partner = { conversation: new Conversation(peer, nameOf(address)), peer };
  await partner.conversation.ended.finally(() => {
    partner = undefined;
  });
});

await run(async () => {
  await using server = socket();
  server.setsockopt(SOL_SOCKET, SO_REUSEADDR, 1);
  server.bind(addressArgument(8000));
  server.listen();
  console.log("Waiting for connection...");
  announce("tcp", server.getsockname());
  const served = server.serve(session, { signal, onError: tell });
  for await (const line of createInterface({ input: process.stdin, signal })) {
    if (partner === undefined) console.log("Nobody is here to read that.");
    else await partner.conversation.say(line, signal).catch(hangUp);
  }
  server.close();
  await Promise.all([served, partner?.conversation.leave().catch(() => {})]); // the session tells
});

function hangUp(error: unknown): void {
  if (signal.aborted) return;
  tell(error);
  partner?.peer.close();
}
