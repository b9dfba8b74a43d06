// Sends several messages, one after the other: node dist/examples/sticky-client.js [HOST:PORT]
import { SHUT_WR, socket } from "sockwright";
import { addressArgument } from "./address.ts";
import { ANSWER_TIMEOUT_MS, answer } from "./answer.ts";
import { run } from "./command.ts";
import { choose } from "./language.ts";

const MESSAGES = ["Rose", "Think", "Babala", choose("Zoë", "你好")];

await run(async () => {
  await using server = socket();
  server.settimeout(ANSWER_TIMEOUT_MS);
  await server.connect(addressArgument(8000));
  for (const message of MESSAGES) {
    await server.sendall(message);
    console.log(`sent "${message}"`);
  }
  server.shutdown(SHUT_WR);
  console.log(`${MESSAGES.length} messages sent; the server got ${await answer(server)}`);
});
