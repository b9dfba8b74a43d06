// @ts-check
// Serves with the named class, in a process with as few descriptors as `ulimit -n` leaves, of which only a few are
// free. Prints the errors of the requests, and whether a round of such requests leaks descriptors. Node may open one
// that it keeps.
import { closeSync, openSync, readdirSync } from "node:fs";
import { Socket } from "sockwright";
import { ForkingTCPServer, ThreadingTCPServer } from "sockwright/socketserver";

const LEAST_FREE = 4;
const MOST_FREE = 8;

const codes = new Set();
const handler = { module: new URL("./handlers.mjs", import.meta.url), name: "EchoLine" };
const Server = process.argv[2] === "ForkingTCPServer" ? ForkingTCPServer : ThreadingTCPServer;
const server = new Server({ host: "127.0.0.1", port: 0 }, handler);
/** @param {[unknown, unknown, unknown]} told */
server.handle_error = (...[, , error]) => {
  codes.add(/** @type {NodeJS.ErrnoException} */ (error).code);
};
await server.bind_and_activate();
const serving = server.serve_forever();

// These rounds open what a process opens once, such as a stream for its standard error.
await round();
await round();
const before = descriptors();
await round();
console.log("codes", [...codes].join());
console.log("left", descriptors() - before > 1 ? "some" : "none");
await server.shutdown();
await serving;
await server.server_close();

function descriptors() {
  return readdirSync("/proc/self/fd").length;
}

async function round() {
  for (let free = LEAST_FREE; free <= MOST_FREE; free++) await ask(free);
}

/**
 * Sends a request while `free` descriptors are free: too few for a handler.
 *
 * @param {number} free
 */
async function ask(free) {
  const client = new Socket();
  const held = [];
  try {
    for (;;) held.push(openSync("/dev/null", "r"));
  } catch {
    for (const descriptor of held.splice(0, free)) closeSync(descriptor);
  }
  await client.connect(server.server_address);
  await client.recv(1);
  client.close();
  for (const descriptor of held) closeSync(descriptor);
}
