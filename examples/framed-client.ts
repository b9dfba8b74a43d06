// Sends each message after its length: node dist/examples/framed-client.js [HOST:PORT]
import { SHUT_WR, socket } from "sockwright";
import { addressArgument } from "./address.ts";
import { ANSWER_TIMEOUT_MS, ServerGone } from "./answer.ts";
import { printable } from "./client-limits.ts";
import { run } from "./command.ts";
import { choose } from "./language.ts";
import { receiveMessage, sendMessage } from "./message.ts";

const MESSAGES = ["Rose", "Think", "Babala", choose("Zoë", "你好")];

await run(async () => {
  await using server = socket();
  server.settimeout(ANSWER_TIMEOUT_MS);
  await server.connect(addressArgument(8000));
  for (const message of MESSAGES) {
    await sendMessage(server, message);
    console.log(`sent "${message}"`);
  }
  server.shutdown(SHUT_WR);
  const answer = await receiveMessage(server);
  if (answer === undefined) throw new ServerGone();
  console.log(`${MESSAGES.length} messages sent; the server got ${printable(answer.toString())}`);
});
