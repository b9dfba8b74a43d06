import type { MultipartByteRanges } from "../../http/multipart-byteranges.ts";
import { FileBody } from "../../http/service/file-body.ts";
import { bytesOf, heldPieces } from "./file-pieces.ts";
import type { Representation } from "./representation.ts";

interface Part {
  readonly head: Uint8Array;
  readonly body: Uint8Array | FileBody;
}

/**
 * The body of an answer with several ranges. It fails when the file has changed, and then the server resets the connection.
 * Holds the file until the iterator has ended or returned.
 */
export function multipartBody(multipart: MultipartByteRanges, form: Representation): AsyncIterable<Uint8Array> {
  const parts = multipart.parts.map(({ head, range }) => ({ head, body: form.part(range) }));
  return heldPieces(piecesOf(parts, multipart.end), () => {
    for (const { body } of parts) if (body instanceof FileBody) body.release();
  });
}

async function* piecesOf(parts: readonly Part[], end: Uint8Array): AsyncGenerator<Uint8Array, undefined> {
  for (const { head, body } of parts) {
    yield head;
    if (body instanceof FileBody) yield* bytesOf(body);
    else yield body;
  }
  yield end;
  return undefined;
}
