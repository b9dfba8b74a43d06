// Sends every line back, to many at once: node dist/examples/socketserver-echo.js [HOST:PORT]
import { type Address, StreamRequestHandler, ThreadingTCPServer } from "sockwright/socketserver";
import { addressArgument, announce, nameOf } from "./address.ts";
import { IDLE_TIMEOUT_MS, MAX_CLIENTS } from "./client-limits.ts";
import { ctrlC, run, tell } from "./command.ts";
import { choose } from "./language.ts";

class EchoHandler extends StreamRequestHandler {
  override timeout = IDLE_TIMEOUT_MS;

  override async handle(): Promise<void> {
    const name = nameOf(this.client_address);
    console.log(choose(`Client ${name} connected`, `欢迎新 ${name}...`));
    try {
      for await (const line of this.rfile) await this.wfile.write(line);
    } finally {
      console.log(choose(`Client ${name} disconnected`, `来自于 ${name} 连接被关闭.`));
    }
  }
}

class EchoServer extends ThreadingTCPServer {
  override allow_reuse_address = true;
  override request_queue_size = 128;
  override daemon_threads = true; // Ctrl-C waits for no client
  override max_tasks = MAX_CLIENTS;

  override handle_error(_request: unknown, client_address: Address, error: unknown): void {
    tell(error, client_address);
  }
}

await run(async () => {
  await using server = new EchoServer(addressArgument(8000), EchoHandler);
  await server.bind_and_activate();
  ctrlC().addEventListener("abort", () => void server.shutdown());
  console.log(choose("Waiting for clients...", "服务器正在等待客户的连接……"));
  announce("tcp", server.server_address);
  await server.serve_forever();
});
