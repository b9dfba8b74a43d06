// Keeps files in "uploads", see upload-file.ts: node dist/examples/upload-server.js [HOST:PORT]
import { mkdirSync } from "node:fs";
import { SO_REUSEADDR, SOL_SOCKET, type Socket, socket } from "sockwright";
import { addressArgument, announce } from "./address.ts";
import { lastWord, limited } from "./client-limits.ts";
import { ctrlC, run, tell } from "./command.ts";
import { parseHeader, readLine, UploadError } from "./upload-file.ts";
import { FOLDER, removeOldParts } from "./upload-part.ts";
import { store } from "./upload-store.ts";

/** Two that write one file would mix it up. */
const busy = new Set<string>();

async function session(peer: Socket): Promise<void> {
  try {
    const file = parseHeader(await readLine(peer));
    if (busy.has(file.name)) throw new UploadError("another client is sending this file");
    removeOldParts(busy);
    busy.add(file.name);
    const digest = await store(peer, file).finally(() => busy.delete(file.name));
    console.log(`Stored ${file.name}, ${file.size} bytes, SHA-256 ${digest}`);
    await lastWord(peer, `done|${digest}\n`);
  } catch (error) {
    const word = error instanceof UploadError ? error.code : "error";
    await lastWord(peer, `${word}|${error instanceof Error ? error.message : ""}\n`);
    throw error;
  }
}

await run(async () => {
  const signal = ctrlC();
  await using server = socket();
  server.setsockopt(SOL_SOCKET, SO_REUSEADDR, 1);
  server.bind(addressArgument(8000));
  server.listen(128);
  mkdirSync(FOLDER, { recursive: true });
  console.log(`Waiting for files, kept in ${FOLDER}...`);
  announce("tcp", server.getsockname());
  await server.serve(limited(session), { signal, onError: tell });
});
