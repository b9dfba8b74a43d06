// @ts-check
// Answers each request, four bytes with a number in network order, with the file of that name. SIGUSR2 prints the longest
// time in ms between two turns of a timer of 1 ms since the signal before.
// Usage: cold-files.mjs connection|socket FOLDER
import { open } from "node:fs/promises";
import { join } from "node:path";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { serve } from "sockwright/server";
import { serveOnLoopback } from "./listen.mjs";

const [layer, folder = ""] = process.argv.slice(2);
const NUMBER_BYTES = 4;

const delay = monitorEventLoopDelay({ resolution: 1 });
delay.enable();
process.on("SIGUSR2", () => {
  console.log((delay.max / 1e6).toFixed(3));
  delay.reset();
});

/** @param {Uint8Array} request */
function pathOf(request) {
  return join(folder, `${Buffer.from(request).readUInt32BE()}`);
}

/** @param {import("sockwright/server").Connection} connection */
async function ofConnection(connection) {
  await connection.sendFile(pathOf(await connection.readExactly(NUMBER_BYTES)));
}

/** @param {import("sockwright").Socket} peer */
async function ofSocket(peer) {
  const file = await open(pathOf(await peer.recv(NUMBER_BYTES)));
  try {
    await peer.sendfile(file);
  } finally {
    await file.close();
  }
}

if (layer === "socket") {
  await serveOnLoopback(ofSocket);
} else {
  const server = await serve("tcp://127.0.0.1:0", ofConnection);
  console.log(new URL(server.urls[0] ?? "").port);
}
