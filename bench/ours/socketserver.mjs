// @ts-check
// Each line back, by a handler of socketserver: the same program as rivals/socketserver_echo.py.
import { StreamRequestHandler, ThreadingTCPServer } from "sockwright/socketserver";

class Echo extends StreamRequestHandler {
  /** @override */
  async handle() {
    for await (const line of this.rfile) await this.wfile.write(line);
  }
}

class Server extends ThreadingTCPServer {
  /** @override */
  request_queue_size = 4096;
}

const server = new Server({ host: "127.0.0.1", port: 0 }, Echo);
await server.bind_and_activate();
console.log(server.socket.getsockname().port);
await server.serve_forever();
