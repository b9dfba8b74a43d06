// @ts-check
// A forking server in a process that has enough descriptors for a connection but not for a child. Prints the error that
// handle_error receives, and the answers to two clients; the second one connects when descriptors are free again.
import { closeSync, openSync } from "node:fs";
import { socket } from "sockwright";
import { ForkingTCPServer } from "sockwright/socketserver";

/** Enough for accept(2), too few for the pipes of a child. */
const LEFT = 2;

class Server extends ForkingTCPServer {
  /**
   * @override
   * @param {unknown} _request
   * @param {unknown} _client_address
   * @param {unknown} error
   */
  handle_error(_request, _client_address, error) {
    console.log(/** @type {{ code: string }} */ (error).code);
  }
}

const handler = { module: new URL("handlers.mjs", import.meta.url), name: "Obey" };
const server = new Server({ host: "127.0.0.1", port: 0 }, handler);
await server.bind_and_activate();
const [early, late] = [socket(), socket()];
/** @type {number[]} */
const taken = [];
try {
  for (;;) taken.push(openSync("/dev/null", "r"));
} catch {
  for (const descriptor of taken.splice(-LEFT)) closeSync(descriptor);
}
const serving = server.serve_forever();
console.log(JSON.stringify(await answer(early, "")));
for (const descriptor of taken) closeSync(descriptor);
console.log(JSON.stringify(await answer(late, "echo 1\n")));
await server.shutdown();
await serving;
await server.server_close();
console.log(server.active_children?.size ?? 0);

/**
 * @param {import("sockwright").Socket} client
 * @param {string} request
 */
async function answer(client, request) {
  await client.connect(server.server_address);
  await client.sendall(request);
  const chunks = [];
  for await (const chunk of client) chunks.push(chunk);
  client.close();
  return Buffer.concat(chunks).toString();
}
