// Answers every datagram, without connections: node dist/examples/udp-server.js [HOST:PORT]
import { AF_INET, SOCK_DGRAM, socket } from "sockwright";
import { addressArgument, announce, nameOf } from "./address.ts";
import { ctrlC, run, tell } from "./command.ts";

const HELLO = Buffer.from("Hello, ");
const MAX_DATAGRAM_BYTES = 1024;

await run(async () => {
  await using server = socket(AF_INET, SOCK_DGRAM);
  server.bind(addressArgument(9000));
  ctrlC().addEventListener("abort", () => server.close());
  console.log(`Bind udp on ${server.getsockname().port}...`);
  announce("udp", server.getsockname());

  for await (const [data, address] of server) {
    console.log(`Received from ${nameOf(address)}`);
    // Greetings that are greeted, with a forged sender, grow until they are too long.
    if (data.length > MAX_DATAGRAM_BYTES) continue;
    const answer = Buffer.concat([HELLO, data]);
    await server.sendto(answer, address).catch((error: unknown) => tell(error, address));
  }
});
