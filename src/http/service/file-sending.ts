import { ConnectionError } from "../../server/transport/connection-error.ts";
import { HttpError } from "../http-error.ts";
import { dropBody } from "./answer-body.ts";
import type { AnswerTarget } from "./answer-target.ts";
import type { FileBody } from "./file-body.ts";

/** What is sent of a file until it is asked whether it is unchanged. */
export const FILE_PIECE_BYTES = 512 * 1024;

/** Sends a head, and a part of a file behind it. Rejects before anything has begun where the file cannot be sent at all. */
export async function sendFileBody(to: AnswerTarget, head: Uint8Array, body: FileBody): Promise<number> {
  const { file, offset, length, isWatched } = body;
  const pieceBytes = isWatched ? FILE_PIECE_BYTES : length;
  try {
    for (let sent = 0; ; ) {
      const piece = Math.min(length - sent, pieceBytes);
      const behind = await to.connection.sendFile(file, {
        offset: offset + sent,
        length: piece,
        ...(sent === 0 ? { head } : {}),
      });
      to.hasBegun = true;
      if (behind < piece) throw new ConnectionError("ERR_SOCKWRIGHT_FILE_SHRANK");
      sent += piece;
      if (sent === length) return sent;
      if (!body.isUnchanged()) throw new HttpError("ERR_SOCKWRIGHT_HTTP_FILE_CHANGED");
    }
  } finally {
    dropBody(to, body);
  }
}
