// sirv on node:http, as its documentation recommends. It prints its port.
import { createServer } from "node:http";
import sirv from "sirv";

const [root = "."] = process.argv.slice(2);
const server = createServer(sirv(root, { etag: true, gzip: true, brotli: true }));

server.listen(0, "127.0.0.1", () => {
  const address = server.address();
  if (typeof address === "object") console.log(address?.port);
});
