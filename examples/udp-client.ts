// Sends two datagrams and prints the answers: node dist/examples/udp-client.js [HOST:PORT]
import { AF_INET, SOCK_DGRAM, socket } from "sockwright";
import { addressArgument } from "./address.ts";
import { ANSWER_TIMEOUT_MS } from "./answer.ts";
import { printable } from "./client-limits.ts";
import { run } from "./command.ts";

await run(async () => {
  await using client = socket(AF_INET, SOCK_DGRAM);
  client.settimeout(ANSWER_TIMEOUT_MS); // datagrams get lost
  await client.connect(addressArgument(9000)); // so a refusal is heard, and nobody else is
  for (const name of ["client1", "client2"]) {
    await client.send(name);
    console.log(`Received ${printable((await client.recv(1024)).toString())}`);
  }
});
