// @ts-check
// node:http over a server by URL: each connection is a stream that http.Server takes for a socket.
import { createServer } from "node:http";
import { serve } from "sockwright/server";

const http = createServer((_request, response) => {
  response.end("Hello, world!");
});

const server = await serve("tcp://127.0.0.1:0", (connection) => {
  http.emit("connection", connection.stream());
});
console.log(new URL(server.urls[0] ?? "").port);
