import { Buffer } from "node:buffer";
import { type FieldLines, fieldLines } from "./field-lines.ts";
import { HttpError } from "./http-error.ts";
import { isTrailer } from "./trailers.ts";

/** The line ending after the bytes of each chunk: RFC 9112, section 7.1. */
export const CHUNK_END = "\r\n";

/** The size line before a chunk. Do not send a chunk of 0 bytes: it would end the body. */
export function chunkHead(length: number): string {
  return `${length.toString(16)}\r\n`;
}

/** Encodes a chunk in one piece; returns no bytes for an empty chunk, which would end the body. */
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
 * Encodes the end of a chunked body, with its trailers.
 *
 * @throws HttpError for a field that cannot be sent, or that must not be a trailer.
 */
export function encodeLastChunk(trailers: FieldLines = []): Buffer {
  const fields = [...trailers];
  for (const [name] of fields) {
    if (!isTrailer(name)) throw new HttpError("ERR_SOCKWRIGHT_HTTP_TRAILER", name);
  }
  return Buffer.from(`0\r\n${fieldLines(fields)}\r\n`, "latin1");
}
