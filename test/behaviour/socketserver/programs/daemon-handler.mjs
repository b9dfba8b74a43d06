// @ts-check
// A handler waits forever for its client in a closed server, and nothing else is pending: with `daemon`, the process
// ends.
import { socket } from "sockwright";
import { BaseRequestHandler, ThreadingTCPServer } from "sockwright/socketserver";

class Waiting extends BaseRequestHandler {
  /** @override */
  async handle() {
    console.log("waits");
    await this.request.recv(1);
  }
}

const server = new ThreadingTCPServer({ host: "127.0.0.1", port: 0 }, Waiting);
server.daemon_threads = process.argv[2] === "daemon";
server.block_on_close = false;
await server.bind_and_activate();
const client = socket();
await client.connect(server.server_address);
await server.handle_request();
await server.server_close();
process.on("beforeExit", () => console.log("nothing holds it", client.closed));
