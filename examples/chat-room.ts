// A chat room for many: node dist/examples/chat-room.js [HOST:PORT], and then  nc 127.0.0.1 8000
import { setTimeout as pause } from "node:timers/promises";
import { SO_KEEPALIVE, SO_REUSEADDR, SO_SNDBUF, SOL_SOCKET, type Socket, socket } from "sockwright";
import { addressArgument, announce } from "./address.ts";
import { Room } from "./chat-members.ts";
import { limited, printable } from "./client-limits.ts";
import { ctrlC, run, tell } from "./command.ts";
import { lines } from "./lines.ts";

const LINE_INTERVAL_MS = 20; // a flooding member is read slowly
const KERNEL_BYTES = 65_536; // the kernel's buffer for a slow reader, in addition to the room's
const room = new Room();

async function session(peer: Socket): Promise<void> {
  await peer.sendall("What is your name?\n");
  let name: string | undefined;
  try {
    for await (const line of lines(peer)) {
      if (name !== undefined) room.say(name, `${name}: ${printable(line)}`);
      else if (room.join(line, peer)) name = line;
      else await peer.sendall("Taken, or no name: 1 to 20 letters and digits. Another one?\n");
      await pause(LINE_INTERVAL_MS);
    }
  } finally {
    if (name !== undefined) room.leave(name);
  }
}

await run(async () => {
  const signal = ctrlC();
  await using server = socket();
  server.setsockopt(SOL_SOCKET, SO_REUSEADDR, 1);
  server.setsockopt(SOL_SOCKET, SO_KEEPALIVE, 1); // socket(7): accepted sockets inherit these
  server.setsockopt(SOL_SOCKET, SO_SNDBUF, KERNEL_BYTES);
  server.bind(addressArgument(8000));
  server.listen();
  console.log("Waiting for connection...");
  announce("tcp", server.getsockname());
  await server.serve(limited(session), { signal, onError: tell });
});
