// Says three names and prints every answer: node dist/examples/session-client.js [HOST:PORT]
import { socket } from "sockwright";
import { addressArgument } from "./address.ts";
import { ANSWER_TIMEOUT_MS, answer } from "./answer.ts";
import { run } from "./command.ts";

await run(async () => {
  await using client = socket();
  client.settimeout(ANSWER_TIMEOUT_MS);
  await client.connect(addressArgument(8000));
  console.log(await answer(client));
  for (const name of ["Rose", "Think", "Babala"]) {
    await client.sendall(name);
    console.log(await answer(client));
  }
  await client.sendall("exit");
});
