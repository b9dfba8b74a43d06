// @ts-check
// A broadcast over node:net: what a socket brings is written to all of them. Usage: node-net-broadcast.mjs
import net from "node:net";

/** @type {Set<net.Socket>} */
const sockets = new Set();

const server = net.createServer({ noDelay: true }, (socket) => {
  sockets.add(socket);
  socket.on("data", (message) => {
    for (const each of sockets) each.write(message);
  });
  socket.on("close", () => sockets.delete(socket));
  // The load generator may reset a connection; 'close' follows by itself.
  socket.on("error", () => {});
});

server.listen({ host: "127.0.0.1", port: 0, backlog: 4096 }, () => {
  const address = server.address();
  if (address !== null && typeof address === "object") console.log(address.port);
});
