// @ts-check
// A thread of the server exits while a request waits for a thread, and there are no descriptors to start another. The
// argument is the number of threads. Prints the errors of the handlers, in order, and the answers to the clients.
import { once } from "node:events";
import { closeSync, openSync } from "node:fs";
import { socket } from "sockwright";
import { ThreadingTCPServer } from "sockwright/socketserver";

const threads = Number(process.argv[2]);
const handler = { module: new URL("./handlers.mjs", import.meta.url), name: "Obey" };
const server = new ThreadingTCPServer({ host: "127.0.0.1", port: 0 }, handler);
/** @type {number[]} */
const held = [];
/** @type {Promise<unknown>[]} */
const imported = [];
process.on("worker", (worker) => {
  imported.push(once(worker, "message"));
  // Runs before the server learns of the exit: the descriptors of the thread are already free.
  worker.prependOnceListener("exit", fill);
});
const lost = new Promise((resolve) => {
  server.handle_error = (_request, _client_address, error) => {
    console.log("failed", /** @type {NodeJS.ErrnoException} */ (error).code);
    resolve(undefined);
  };
});
server.max_threads = threads;
await server.bind_and_activate();
const clients = [];
for (let count = 0; count < threads; count++) clients.push(await begun());
// The pool keeps its size; the server begins one more request, which waits for a thread.
server.max_threads = threads + 1;
const waiting = await begun();
await waiting.sendall("echo waiting\n");
// A thread also needs descriptors to import its modules.
await Promise.all(imported);

const [first, ...others] = clients;
await first?.sendall("exit 3\n");
await lost;
if (threads === 1) console.log("waiting", await answer(waiting));
for (const descriptor of held.splice(0)) closeSync(descriptor);
for (const other of others) {
  await other.sendall("echo other\n");
  console.log("other", await answer(other));
}
if (threads > 1) console.log("waiting", await answer(waiting));
const next = await begun();
await next.sendall("echo next\n");
console.log("next", await answer(next));
for (const client of [...clients, waiting, next]) client.close();
await server.server_close();

/** A client whose handler has begun, or whose request waits for a thread. */
async function begun() {
  const client = socket();
  await client.connect(server.server_address);
  await server.handle_request();
  return client;
}

/** @param {import("sockwright").Socket} client */
async function answer(client) {
  return String(await client.recv(100)).trim() || "nothing";
}

function fill() {
  if (held.length > 0) return;
  try {
    for (;;) held.push(openSync("/dev/null", "r"));
  } catch {
    // No descriptor is left.
  }
}
