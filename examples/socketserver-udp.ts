// Answers every datagram, many at once: node dist/examples/socketserver-udp.js [HOST:PORT]
import * as socketserver from "sockwright/socketserver";
import { addressArgument, announce, nameOf } from "./address.ts";
import { MAX_CLIENTS } from "./client-limits.ts";
import { ctrlC, run, tell } from "./command.ts";

const MAX_DATAGRAM_BYTES = 1024;

class HelloHandler extends socketserver.DatagramRequestHandler {
  override async handle(): Promise<void> {
    console.log(`Received from ${nameOf(this.client_address)}`);
    await this.wfile.write("Hello, ");
    await this.wfile.write(await this.rfile.read());
  }
}

class HelloServer extends socketserver.ThreadingUDPServer {
  override max_packet_size = MAX_DATAGRAM_BYTES + 1; // one more tells that it is too long
  override max_tasks = MAX_CLIENTS;

  /** Greetings that are greeted, with a forged sender, grow until they are too long. */
  override verify_request([data]: socketserver.DatagramRequest): boolean {
    return data.length <= MAX_DATAGRAM_BYTES;
  }

  override handle_error(_: unknown, client_address: socketserver.Address, error: unknown): void {
    tell(error, client_address);
  }
}

await run(async () => {
  await using server = new HelloServer(addressArgument(9000), HelloHandler);
  await server.bind_and_activate();
  ctrlC().addEventListener("abort", () => void server.shutdown());
  console.log(`Bind udp on ${server.server_address.port}...`);
  announce("udp", server.server_address);
  await server.serve_forever();
});
