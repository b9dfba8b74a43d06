// @ts-check
// An async function for each connection of a server by URL.
import { serve } from "sockwright/server";

/** @param {import("sockwright/server").Connection} connection */
async function echo(connection) {
  for (;;) {
    const bytes = await connection.read();
    if (bytes === undefined) return;
    connection.write(bytes);
  }
}

const server = await serve("tcp://127.0.0.1:0", echo);
console.log(new URL(server.urls[0] ?? "").port);
