// @ts-check
// Files as Node's own documentation sends them.
// Usage: node-net-file.mjs whole FILE       the file to each connection, and its end
//        node-net-file.mjs file-path FILE   a head and the file, which is opened for it, for each request
import { createReadStream } from "node:fs";
import { createServer } from "node:net";

const HEAD_BYTES = 200;
const [mode, path = ""] = process.argv.slice(2);
const head = Uint8Array.from({ length: HEAD_BYTES }, (_, place) => place % 251);

const server = createServer({ noDelay: true }, (peer) => {
  if (mode === "whole") return void createReadStream(path).pipe(peer);
  peer.on("data", () => {
    peer.write(head);
    createReadStream(path).pipe(peer, { end: false });
  });
  // The load generator may reset a connection; 'close' follows by itself.
  peer.on("error", () => {});
});
server.listen({ host: "127.0.0.1", port: 0, backlog: 4096 }, () => {
  const address = server.address();
  console.log(typeof address === "object" ? address?.port : address);
});
