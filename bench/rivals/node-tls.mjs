// @ts-check
// node:tls in its fastest form: 'data' in, write() out.
// Usage: node-tls.mjs CERT KEY
import { readFileSync } from "node:fs";
import tls from "node:tls";

const [cert = "", key = ""] = process.argv.slice(2);
const server = tls.createServer({ cert: readFileSync(cert), key: readFileSync(key), noDelay: true }, (socket) => {
  socket.on("data", (chunk) => {
    if (!socket.write(chunk)) {
      socket.pause();
      socket.once("drain", () => socket.resume());
    }
  });
  // The load may end a connection as it likes; 'close' follows by itself.
  socket.on("error", () => {});
});
server.on("tlsClientError", () => {});
server.listen({ host: "127.0.0.1", port: 0, backlog: 4096 }, () => {
  const address = server.address();
  if (address !== null && typeof address === "object") console.log(address.port);
});
