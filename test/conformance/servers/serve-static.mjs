// serve-static on node:http, as its documentation recommends. It prints its port.
import { createServer } from "node:http";
import serveStatic from "serve-static";

const [root = "."] = process.argv.slice(2);
const serve = serveStatic(root, { fallthrough: false });

const server = createServer((request, response) => {
  serve(request, response, (error) => {
    const { statusCode = 404, headers = {} } = error ?? {};
    response.writeHead(statusCode, { "Content-Type": "text/plain; charset=utf-8", ...headers });
    response.end(`${statusCode}\n`);
  });
});

server.listen(0, "127.0.0.1", () => {
  const address = server.address();
  if (typeof address === "object") console.log(address?.port);
});
