// @ts-check
// node:net with an async function for each connection. Usage: node-net-async.mjs echo|pipeline
import { once } from "node:events";
import net from "node:net";

const MESSAGE_BYTES = 64;
const pipeline = process.argv[2] === "pipeline";

/** @param {net.Socket} socket */
async function session(socket) {
  for await (const chunk of socket) {
    let ready = true;
    if (pipeline) {
      for (let at = 0; at < chunk.length; at += MESSAGE_BYTES) {
        ready = socket.write(chunk.subarray(at, at + MESSAGE_BYTES));
      }
    } else {
      ready = socket.write(chunk);
    }
    if (!ready) await once(socket, "drain");
  }
}

const server = net.createServer({ noDelay: true }, (socket) => {
  // A reset by the load generator ends that session only.
  session(socket).catch(() => socket.destroy());
});

server.listen({ host: "127.0.0.1", port: 0, backlog: 4096 }, () => {
  const address = server.address();
  if (address !== null && typeof address === "object") console.log(address.port);
});
