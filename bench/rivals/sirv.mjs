// @ts-check
// The files of a folder by sirv, on node:http.
// Usage: sirv.mjs ROOT
import { createServer } from "node:http";
import sirv from "sirv";

const server = createServer(sirv(process.argv[2], { etag: true }));
server.listen({ host: "127.0.0.1", port: 0, backlog: 4096 }, () => {
  const address = server.address();
  if (address !== null && typeof address === "object") console.log(address.port);
});
