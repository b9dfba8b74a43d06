import type { MultipartByteRanges } from "../../http/multipart-byteranges.ts";
import { FileBody } from "../../http/service/file-body.ts";
import type { Representation } from "./representation.ts";

/** What is read at once of a file for a body of several ranges. */
export const MULTIPART_CHUNK_BYTES = 64 * 1024;

interface Part {
  readonly head: Uint8Array;
  readonly body: Uint8Array | FileBody;
}

/**
 * The parts of several ranges, one after the other. It fails when the file is not what it was: what was sent is then reset.
 * The file is held from now on until the last piece was taken, or the iterator has returned.
 */
export function multipartBody(multipart: MultipartByteRanges, form: Representation): AsyncIterable<Uint8Array> {
  const parts = multipart.parts.map(({ head, range }) => ({ head, body: form.part(range) }));
  const pieces = piecesOf(parts, multipart.end);
  const release = (): void => {
    for (const { body } of parts) if (body instanceof FileBody) body.release();
  };
  return {
    [Symbol.asyncIterator]: () => ({
      next: () =>
        pieces.next().then((result) => {
          if (result.done === true) release();
          return result;
        }),
      // A generator that was not begun runs none of its own code when it is told to return.
      return: () => {
        release();
        return pieces.return(undefined);
      },
    }),
  };
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

async function* bytesOf(body: FileBody): AsyncGenerator<Uint8Array> {
  for (let sent = 0; sent < body.length; ) {
    if (!body.isUnchanged()) throw new Error("The file was changed while it was sent");
    // Not the memory of the piece before, which may wait to be sent.
    const chunk = Buffer.allocUnsafeSlow(Math.min(MULTIPART_CHUNK_BYTES, body.length - sent));
    const { bytesRead } = await body.file.read(chunk, 0, chunk.length, body.offset + sent);
    if (bytesRead === 0) throw new Error("The file became shorter while it was sent");
    sent += bytesRead;
    yield chunk.subarray(0, bytesRead);
  }
}
