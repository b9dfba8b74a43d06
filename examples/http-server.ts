// A server of node:http, see http-serve.ts: node dist/examples/http-server.js [HOST:PORT]
import { createServer } from "node:http";
import { addressArgument, announce } from "./address.ts";
import { ctrlC, run, tell } from "./command.ts";
import { serveHttp } from "./http-serve.ts";

await run(async () => {
  const signal = ctrlC();
  const { host, port } = addressArgument(8000);
  const http = createServer((request, response) => {
    response.end(`Welcome to ${request.url}, ${request.socket.remoteAddress}\n`);
  });
  const server = await serveHttp(`tcp://${host}:${port}`, http, {
    onError: (error) => tell(error),
  });
  const real = Number(new URL(server.urls[0] ?? "").port);
  announce("tcp", { family: 2, host, port: real });
  console.log("Serving HTTP. Ctrl-C ends it.");
  await new Promise((resolve) => signal.addEventListener("abort", resolve));
  await server.close();
});
