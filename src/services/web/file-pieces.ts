import { Buffer } from "node:buffer";
import { HttpError } from "../../http/http-error.ts";
import type { FileBody } from "../../http/service/file-body.ts";
import { ConnectionError } from "../../server/transport/connection-error.ts";

/** Limits the bytes of one read of a file that is not sent by sendfile(2); more takes further reads. */
export const READ_PIECE_BYTES = 64 * 1024;

/** Reads a part of a file piece by piece. Releases the file after the last piece, or when the iterator returns. */
export function filePieces(body: FileBody): AsyncIterable<Uint8Array> {
  return heldPieces(bytesOf(body), () => body.release());
}

/** Throws if the file has changed. */
export async function* bytesOf(body: FileBody): AsyncGenerator<Uint8Array, undefined> {
  for (let sent = 0; sent < body.length; ) {
    // A new buffer: the previous piece may still wait to be sent.
    const piece = Buffer.allocUnsafeSlow(Math.min(READ_PIECE_BYTES, body.length - sent));
    const { bytesRead } = await body.file.read(piece, 0, piece.length, body.offset + sent);
    // Behind the read: what has changed before it is seen.
    if (!body.isUnchanged()) throw new HttpError("ERR_SOCKWRIGHT_HTTP_FILE_CHANGED");
    if (bytesRead === 0) throw new ConnectionError("ERR_SOCKWRIGHT_FILE_SHRANK");
    sent += bytesRead;
    yield piece.subarray(0, bytesRead);
  }
  return undefined;
}

/** Pieces of what is held until the last one was taken, or the iterator has returned. */
export function heldPieces(
  pieces: AsyncGenerator<Uint8Array, undefined>,
  release: () => void,
): AsyncIterable<Uint8Array> {
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
