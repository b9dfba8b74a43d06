// Reads a socket until its peer has ended.
import type { Socket } from "../../src/index.ts";
import type { Connection } from "../../src/server/connection/connection.ts";

/** Returns all remaining bytes. */
export async function bytesToEnd(socket: Socket): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of socket) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** Returns the number of remaining bytes. */
export async function countToEnd(socket: Socket): Promise<number> {
  let bytes = 0;
  for await (const chunk of socket) bytes += chunk.length;
  return bytes;
}

/** Returns the remaining bytes of a connection by URL, as text. */
export async function textToEnd(connection: Connection): Promise<string> {
  let text = "";
  for await (const piece of connection) text += String(piece);
  return text;
}
