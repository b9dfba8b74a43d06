// Keeps files in "uploads", see upload-file.ts: node dist/examples/upload-server.js [HOST:PORT]
import { mkdirSync } from "node:fs";
import { SO_REUSEADDR, SOL_SOCKET, socket } from "sockwright";
import { addressArgument, announce } from "./address.ts";
import { limited } from "./client-limits.ts";
import { ctrlC, run, tell } from "./command.ts";
import { FOLDER } from "./upload-part.ts";
import { uploadSession } from "./upload-session.ts";

await run(async () => {
  const signal = ctrlC();
  await using server = socket();
  server.setsockopt(SOL_SOCKET, SO_REUSEADDR, 1);
  server.bind(addressArgument(8000));
  server.listen(128);
  mkdirSync(FOLDER, { recursive: true });
  console.log(`Waiting for files, kept in ${FOLDER}...`);
  announce("tcp", server.getsockname());
  await server.serve(limited(uploadSession), { signal, onError: tell });
});
