// @ts-check
// Prints its port, and serves each client in a child, which reports that it has begun, and answers a line.
import { BaseRequestHandler, ForkingTCPServer } from "sockwright/socketserver";

export class Answering extends BaseRequestHandler {
  /** @override */
  async handle() {
    await this.request.sendall("begun");
    await this.request.sendall(`answer to ${await this.request.recv(100)}`);
  }
}

if (process.send === undefined) {
  const handler = { module: new URL(import.meta.url), name: "Answering" };
  const server = new ForkingTCPServer({ host: "127.0.0.1", port: 0 }, handler);
  await server.bind_and_activate();
  console.log("port", server.server_address.port);
  await server.serve_forever();
}
