// Sends one message, prints what comes back: node dist/examples/one-shot-client.js [HOST:PORT]
import { socket } from "sockwright";
import { addressArgument } from "./address.ts";
import { ANSWER_TIMEOUT_MS } from "./answer.ts";
import { printable } from "./client-limits.ts";
import { run } from "./command.ts";

await run(async () => {
  await using client = socket();
  client.settimeout(ANSWER_TIMEOUT_MS);
  await client.connect(addressArgument(8000));
  await client.sendall("Hello Server");
  const text = new TextDecoder(); // of the stream: a read may end within a character
  const show = (part: string) => process.stdout.write(printable(part));
  for await (const data of client) show(text.decode(data, { stream: true }));
  console.log(printable(text.decode()));
});
