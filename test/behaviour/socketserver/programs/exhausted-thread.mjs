// A server whose handler uses up the memory of its thread. Prints the error that handle_error receives, and the answer
// to another client.
import { socket } from "sockwright";
import { ThreadingTCPServer } from "sockwright/socketserver";

class Server extends ThreadingTCPServer {
  /** @override */
  max_threads = 2;

  /**
   * @override
   * @param {unknown} _request
   * @param {unknown} _client_address
   * @param {unknown} error
   */
  handle_error(_request, _client_address, error) {
    const { code, cause } = /** @type {{ code: string, cause: { code: string } }} */ (error);
    console.log(code, cause.code);
  }
}

const handler = { module: new URL("handlers.mjs", import.meta.url), name: "Obey" };
const server = new Server({ host: "127.0.0.1", port: 0 }, handler);
await server.bind_and_activate();
const serving = server.serve_forever();
const answers = await Promise.all([ask("exhaust\n"), ask("echo 1\n")]);
console.log(JSON.stringify([...answers, await ask("echo 2\n")]));
await server.shutdown();
await serving;
await server.server_close();

/** @param {string} request */
async function ask(request) {
  const client = socket();
  await client.connect(server.server_address);
  await client.sendall(request);
  const chunks = [];
  for await (const chunk of client) chunks.push(chunk);
  client.close();
  return Buffer.concat(chunks).toString();
}
