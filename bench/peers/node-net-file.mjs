// @ts-check
// Sends a file to each connection as Node's own documentation does. Usage: node-net-file.mjs FILE
import { createReadStream } from "node:fs";
import { createServer } from "node:net";

const server = createServer((peer) => {
  createReadStream(String(process.argv[2])).pipe(peer);
});
server.listen(0, "127.0.0.1", () => {
  const address = server.address();
  console.log(typeof address === "object" ? address?.port : address);
});
