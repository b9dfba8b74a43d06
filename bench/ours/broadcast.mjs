// @ts-check
// A broadcast: what a connection brings is written to all of them.
import { serve } from "sockwright/server";

/** @type {Set<import("sockwright/server").Connection>} */
const connections = new Set();

const server = await serve("tcp://127.0.0.1:0", async (connection) => {
  connections.add(connection);
  try {
    await connection.onBytes((message) => {
      for (const each of connections) each.write(message);
    });
  } finally {
    connections.delete(connection);
  }
});
console.log(new URL(server.urls[0] ?? "").port);
