import { Buffer } from "node:buffer";
import { type FieldLines, fieldLines } from "./field-lines.ts";
import { HttpError } from "./http-error.ts";
import { isTrailer } from "./trailers.ts";

/** Behind the bytes of each chunk: RFC 9112, section 7.1. */
export const CHUNK_END = "\r\n";

/** What stands in front of a chunk. One of no bytes would be the last: it is not to be sent. */
export function chunkHead(length: number): string {
  return `${length.toString(16)}\r\n`;
}

/** A chunk in one piece; nothing for no bytes, which would end the body. */
export function encodeChunk(bytes: Uint8Array): Buffer {
  if (bytes.length === 0) return Buffer.alloc(0);
  const head = chunkHead(bytes.length);
  const chunk = Buffer.allocUnsafe(head.length + bytes.length + CHUNK_END.length);
  chunk.write(head, 0, "latin1");
  chunk.set(bytes, head.length);
  chunk.write(CHUNK_END, head.length + bytes.length, "latin1");
  return chunk;
}

/**
 * The end of a body in chunks, with its trailers.
 *
 * @throws HttpError for one that cannot be sent, or is no trailer.
 */
export function encodeLastChunk(trailers: FieldLines = []): Buffer {
  const fields = [...trailers];
  for (const [name] of fields) {
    if (!isTrailer(name)) throw new HttpError("ERR_SOCKWRIGHT_HTTP_TRAILER", name);
  }
  return Buffer.from(`0\r\n${fieldLines(fields)}\r\n`, "latin1");
}
