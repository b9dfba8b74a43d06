// Sticky packets, the problem: node dist/examples/sticky-server.js [HOST:PORT]
// A stream has no messages: a read gives whatever has come by then. framed-server.ts is the cure.
import { setTimeout as pause } from "node:timers/promises";
import { type Address, SO_REUSEADDR, SOL_SOCKET, type Socket, socket } from "sockwright";
import { addressArgument, announce, nameOf } from "./address.ts";
import { limited, printable } from "./client-limits.ts";
import { ctrlC, run, tell } from "./command.ts";

const READ_BYTES = 1024;
const BUSY_MS = 100; // a server has other work to do; the client's next messages do not wait for it

async function session(peer: Socket, address: Address): Promise<void> {
  console.log(`Connection from ${nameOf(address)}`);
  let bytes = 0;
  for (let reads = 0; ; reads++) {
    await pause(BUSY_MS);
    const data = await peer.recv(READ_BYTES);
    if (data.length === 0) {
      await peer.sendall(`${bytes} bytes in ${reads} read(s)`);
      console.log(`Connection from ${nameOf(address)} closed: ${bytes} bytes in ${reads} read(s)`);
      return;
    }
    bytes += data.length;
    console.log(`read ${reads + 1}: ${data.length} bytes "${printable(data.toString())}"`);
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
