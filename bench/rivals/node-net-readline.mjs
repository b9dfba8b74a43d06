// @ts-check
// Lines over node:net with an async function for each connection, over node:readline. Usage: node-net-readline.mjs
import { once } from "node:events";
import net from "node:net";
import { createInterface } from "node:readline";

/** @param {net.Socket} socket */
async function session(socket) {
  for await (const line of createInterface({ input: socket, crlfDelay: Number.POSITIVE_INFINITY })) {
    if (!socket.write(`${line}\n`)) await once(socket, "drain");
  }
}

const server = net.createServer({ noDelay: true }, (socket) => {
  // A reset by the load generator ends that session only.
  socket.on("error", () => {});
  session(socket).catch(() => socket.destroy());
});

server.listen({ host: "127.0.0.1", port: 0, backlog: 4096 }, () => {
  const address = server.address();
  if (address !== null && typeof address === "object") console.log(address.port);
});
