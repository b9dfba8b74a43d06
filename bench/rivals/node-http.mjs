// @ts-check
// node:http as it is, over node:net.
import { createServer } from "node:http";

const server = createServer((_request, response) => {
  response.end("Hello, world!");
});

server.listen({ host: "127.0.0.1", port: 0, backlog: 4096 }, () => {
  const address = server.address();
  if (address !== null && typeof address === "object") console.log(address.port);
});
