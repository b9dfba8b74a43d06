// As upload-server.ts, with socketserver: node dist/examples/socketserver-upload.js [HOST:PORT]
import { mkdirSync } from "node:fs";
import { type Address, BaseRequestHandler, ThreadingTCPServer } from "sockwright/socketserver";
import { addressArgument, announce } from "./address.ts";
import { IDLE_TIMEOUT_MS, MAX_CLIENTS } from "./client-limits.ts";
import { ctrlC, run, tell } from "./command.ts";
import { FOLDER } from "./upload-part.ts";
import { uploadSession } from "./upload-session.ts";

class UploadHandler extends BaseRequestHandler {
  override async handle(): Promise<void> {
    this.request.settimeout(IDLE_TIMEOUT_MS);
    await uploadSession(this.request);
  }
}

class UploadServer extends ThreadingTCPServer {
  override allow_reuse_address = true;
  override request_queue_size = 128;
  override daemon_threads = true; // Ctrl-C waits for no upload: it can be resumed
  override max_tasks = MAX_CLIENTS;

  override handle_error(_request: unknown, client_address: Address, error: unknown): void {
    tell(error, client_address);
  }
}

await run(async () => {
  await using server = new UploadServer(addressArgument(8000), UploadHandler);
  mkdirSync(FOLDER, { recursive: true });
  await server.bind_and_activate();
  ctrlC().addEventListener("abort", () => void server.shutdown());
  console.log(`Waiting for files, kept in ${FOLDER}...`);
  announce("tcp", server.server_address);
  await server.serve_forever();
});
