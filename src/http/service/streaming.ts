// Sends bodies piece by piece.
import { Buffer } from "node:buffer";
import { CHUNK_END, chunkHead, encodeChunk, encodeLastChunk } from "../chunk-encoder.ts";
import { HttpError } from "../http-error.ts";
import type { ResponseFraming } from "../response-framing.ts";
import { endStream } from "./answer-body.ts";
import { type AnswerTarget, SLICE_BYTES } from "./answer-target.ts";
import { type HttpHeaders, headerLines } from "./http-headers.ts";

/** The pieces of a body: an iterable, one piece, or none. */
export type Pieces = AsyncIterable<Uint8Array | string> | Uint8Array | null;

/** The encoded last chunk, or a function that returns its trailers; undefined for a body without trailers. */
export type StreamEnd = Buffer | (() => HttpHeaders) | undefined;

const LAST_CHUNK = encodeLastChunk();

/**
 * Sends a head, and the pieces of a body as the iterable produces them, no faster than the client receives them. Throws before
 * anything is sent when the pieces cannot be iterated.
 */
export function sendStream(
  to: AnswerTarget,
  head: string,
  framing: ResponseFraming,
  ...[pieces, end]: [Pieces, StreamEnd]
): Promise<number> {
  const iterator = iteratorOf(pieces);
  to.write(Buffer.from(head, "latin1"));
  return pump(to, iterator, framing, end);
}

async function pump(
  to: AnswerTarget,
  iterator: AsyncIterator<Uint8Array | string>,
  framing: ResponseFraming,
  end: StreamEnd,
): Promise<number> {
  const length = framing.body === "length" ? Number(framing.field?.[1]) : undefined;
  const isChunked = framing.body === "chunked";
  let sent = 0;
  let isOver = false;
  const stop = (): void => {
    if (!isOver) endStream(to, iterator);
    isOver = true;
  };
  to.cancel = stop;
  try {
    for (;;) {
      const { done, value } = await iterator.next();
      if (done === true) break;
      const bytes = pieceOf(value);
      sent += bytes.length;
      if (length !== undefined && sent > length) throw new HttpError("ERR_SOCKWRIGHT_HTTP_LENGTH", `${length}`);
      await (isChunked ? sendChunk(to, bytes) : to.writeAll(bytes, false));
      if (!to.isWritable) await to.awaitWritable();
    }
    isOver = true;
    if (length !== undefined && sent < length) throw new HttpError("ERR_SOCKWRIGHT_HTTP_LENGTH", `${length}`);
    if (isChunked) to.write(typeof end === "function" ? encodeLastChunk(headerLines(end())) : (end ?? LAST_CHUNK));
    return sent;
  } finally {
    to.cancel = undefined;
    stop();
  }
}

async function sendChunk(to: AnswerTarget, bytes: Uint8Array): Promise<void> {
  // RFC 9112, section 7.1: an empty chunk would be the last one.
  if (bytes.length === 0) return;
  if (bytes.length <= SLICE_BYTES) {
    to.write(encodeChunk(bytes));
    return;
  }
  to.write(Buffer.from(chunkHead(bytes.length), "latin1"));
  await to.writeAll(bytes, false);
  to.write(Buffer.from(CHUNK_END, "latin1"));
}

function pieceOf(piece: unknown): Uint8Array {
  if (typeof piece === "string") return Buffer.from(piece);
  if (piece instanceof Uint8Array) return piece;
  throw new HttpError("ERR_SOCKWRIGHT_HTTP_BODY", piece);
}

function iteratorOf(pieces: Pieces): AsyncIterator<Uint8Array | string> {
  return pieces === null || pieces instanceof Uint8Array ? iterateOnce(pieces) : pieces[Symbol.asyncIterator]();
}

async function* iterateOnce(bytes: Uint8Array | null): AsyncGenerator<Uint8Array, undefined> {
  if (bytes !== null) yield bytes;
}
