// Sticky packets, the cure: node dist/examples/framed-server.js [HOST:PORT]
// Each message follows its length, so the receiver finds each one again; see message.ts.
import { setTimeout as pause } from "node:timers/promises";
import { type Address, SO_REUSEADDR, SOL_SOCKET, type Socket, socket } from "sockwright";
import { addressArgument, announce, nameOf } from "./address.ts";
import { limited, printable } from "./client-limits.ts";
import { ctrlC, run, tell } from "./command.ts";
import { receiveMessage, sendMessage } from "./message.ts";

const BUSY_MS = 100; // as in sticky-server.ts, where it makes one read return several messages

async function session(peer: Socket, address: Address): Promise<void> {
  console.log(`Connection from ${nameOf(address)}`);
  let bytes = 0;
  for (let messages = 0; ; messages++) {
    await pause(BUSY_MS);
    const data = await receiveMessage(peer);
    if (data === undefined) {
      await sendMessage(peer, `${bytes} bytes in ${messages} message(s)`);
      console.log(`Connection from ${nameOf(address)} closed: ${messages} message(s)`);
      return;
    }
    bytes += data.length;
    console.log(`message ${messages + 1}: ${data.length} bytes "${printable(data.toString())}"`);
  }
}

await run(async () => {
  const signal = ctrlC();
  await using server = socket();
  server.setsockopt(SOL_SOCKET, SO_REUSEADDR, 1);
  server.bind(addressArgument(8000));
  server.listen();
  console.log("Waiting for connection...");
  announce("tcp", server.getsockname());
  await server.serve(limited(session), { signal, onError: tell });
});
