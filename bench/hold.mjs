// @ts-check
// Opens connections and holds them, in a process of its own. Usage: hold.mjs PORT CONNECTIONS [exchange]
// With `exchange` each connection has had one 64-byte echo before it goes idle. Prints `held`; ends when stdin does.
import { once } from "node:events";
import net from "node:net";

// Fewer at a time than any server's backlog, so that no handshake is dropped and repeated a second later.
const AT_ONCE = 100;
const port = Number(process.argv[2]);
const connections = Number(process.argv[3]);
const exchange = process.argv[4] === "exchange";

async function open() {
  const socket = net.connect({ host: "127.0.0.1", port });
  await once(socket, "connect");
  if (!exchange) return;
  let left = 64;
  socket.write(Buffer.alloc(left, "x"));
  while (left > 0) {
    const [chunk] = await once(socket, "data");
    left -= chunk.length;
  }
}

for (let opened = 0; opened < connections; opened += AT_ONCE) {
  await Promise.all(Array.from({ length: Math.min(AT_ONCE, connections - opened) }, open));
}
console.log("held");
process.stdin.resume().once("end", () => process.exit());
