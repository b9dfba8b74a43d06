// Chat between two terminals, the side that calls: node dist/examples/chat-client.js [HOST:PORT]
import { createInterface } from "node:readline";
import { socket } from "sockwright";
import { addressArgument, nameOf } from "./address.ts";
import { Conversation } from "./chat-conversation.ts";
import { run } from "./command.ts";

const CONNECT_TIMEOUT_MS = 10_000;

await run(async () => {
  await using peer = socket();
  peer.settimeout(CONNECT_TIMEOUT_MS);
  await peer.connect(addressArgument(8000));
  const conversation = new Conversation(peer, nameOf(peer.getpeername()));
  const typed = createInterface({ input: process.stdin });
  const stopTyping = (): void => typed.close();
  conversation.ended.then(stopTyping, stopTyping);
  for await (const line of typed) await conversation.say(line);
  await conversation.leave();
});
