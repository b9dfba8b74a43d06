// @ts-check
// An echo server with as few descriptors as `ulimit -n` leaves. It prints its port, each reason for a refusal once, and
// its statistics for each line on standard input.
import { subscribe } from "node:diagnostics_channel";
import { createInterface } from "node:readline";
import { serve } from "sockwright/server";

const seen = new Set();
subscribe("sockwright:server:refused", (message) => {
  const { reason } = /** @type {{ reason: string }} */ (message);
  if (!seen.has(reason)) console.log("refused", reason);
  seen.add(reason);
});

const server = await serve("tcp://127.0.0.1:0", (connection) =>
  connection.onBytes((bytes) => {
    connection.write(bytes);
  }),
);
console.log("port", new URL(server.urls[0] ?? "").port);
for await (const _ of createInterface({ input: process.stdin })) console.log("stats", JSON.stringify(server.stats()));
await server.close();
