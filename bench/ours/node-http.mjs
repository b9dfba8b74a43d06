// @ts-check
// A listener of node:http on a server of ours.
import { nodeHttp } from "sockwright/http";
import { serve } from "sockwright/server";

const service = nodeHttp((_request, response) => {
  response.end("Hello, world!");
});
const server = await serve("tcp://127.0.0.1:0", service);
console.log(new URL(server.urls[0] ?? "").port);
