// @ts-check
// Echo over TLS, by push.
// Usage: tls.mjs handed-over|stream CERT KEY   with the descriptor given to node:net, or over a stream
import { serve } from "sockwright/server";

const [mode, cert = "", key = ""] = process.argv.slice(2);
const listener = { url: "tls://127.0.0.1:0", cert, key, detectTruncation: mode === "stream", backlog: 4096 };
const server = await serve(listener, (connection) =>
  connection.onBytes((bytes) => {
    connection.write(bytes);
  }),
);
console.log(new URL(server.urls[0] ?? "").port);
