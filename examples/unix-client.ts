// A client on a Unix socket: node dist/examples/unix-client.js stream|datagram|seqpacket [PATH]
import { AF_UNIX, SOCK_DGRAM, socket } from "sockwright";
import { ANSWER_TIMEOUT_MS, answer } from "./answer.ts";
import { run } from "./command.ts";
import { unixArguments } from "./unix-path.ts";

await run(async () => {
  const { type, path } = unixArguments();
  await using client = socket(AF_UNIX, type);
  client.settimeout(ANSWER_TIMEOUT_MS);
  // unix(7): only who has a name can be answered; "" has the kernel choose an abstract one.
  if (type === SOCK_DGRAM) client.bind({ path: "" });
  await client.connect({ path });
  for (const message of ["Rose", "Think", "Babala"]) {
    await client.sendall(message);
    console.log(`Received ${await answer(client)}`);
  }
});
