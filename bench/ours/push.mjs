// @ts-check
// A connection's bytes by push, each answer with a write of its own.
// Usage: push.mjs echo|pipeline
//        push.mjs bulk|bulk-lent BYTES   so much of one buffer for each request
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

/** @param {boolean} isLent */
function bulk(isLent) {
  const page = Uint8Array.from({ length: Number(process.argv[3]) }, (_, place) => place % 251);
  /** @param {import("sockwright/server").Connection} connection */
  return (connection) =>
    connection.onBytes(() => {
      if (isLent) connection.writeLent(page);
      else connection.write(page);
    });
}

const mode = process.argv[2] ?? "echo";
const handler = mode.startsWith("bulk") ? bulk(mode === "bulk-lent") : mode === "pipeline" ? pipeline : echo;
const server = await serve("tcp://127.0.0.1:0", handler);
console.log(new URL(server.urls[0] ?? "").port);
