// An upload from its header to the last word, see upload-file.ts for what both ends say.
import type { Socket } from "sockwright";
import { lastWord } from "./client-limits.ts";
import { parseHeader, readLine, UploadError } from "./upload-file.ts";
import { removeOldParts } from "./upload-part.ts";
import { store } from "./upload-store.ts";

/** Two that write one file would mix it up. */
const busy = new Set<string>();

export async function uploadSession(peer: Socket): Promise<void> {
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
