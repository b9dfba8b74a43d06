// @ts-check
// A connection's bytes by push, each answer with a write of its own. Usage: push.mjs echo|pipeline
import { serve } from "sockwright/server";

const MESSAGE_BYTES = 64;

/** @param {import("sockwright/server").Connection} connection */
function echo(connection) {
  return connection.onBytes((bytes) => {
    connection.write(bytes);
  });
}

/** @param {import("sockwright/server").Connection} connection */
function pipeline(connection) {
  return connection.onBytes((bytes) => {
    for (let at = 0; at < bytes.length; at += MESSAGE_BYTES) {
      connection.write(bytes.subarray(at, at + MESSAGE_BYTES));
    }
  });
}

const server = await serve("tcp://127.0.0.1:0", process.argv[2] === "pipeline" ? pipeline : echo);
console.log(new URL(server.urls[0] ?? "").port);
