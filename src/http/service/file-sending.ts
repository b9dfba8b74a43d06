import type { FileWaiter } from "../../server/connection/file-sending.ts";
import { ConnectionError } from "../../server/transport/connection-error.ts";
import { HttpError } from "../http-error.ts";
import { dropBody } from "./answer-body.ts";
import type { AnswerTarget } from "./answer-target.ts";
import type { FileBody } from "./file-body.ts";

/** What is sent of a file until it is asked whether it is unchanged. */
export const FILE_PIECE_BYTES = 512 * 1024;

/**
 * Sends a head, and a part of a file behind it. Gives how many bytes that was, at once where all of it has left. Throws or rejects
 * before anything has begun where the file cannot be sent at all.
 */
export function sendFileBody(to: AnswerTarget, head: Uint8Array, body: FileBody): number | Promise<number> {
  return new FileBodySending(to, head, body).start();
}

/** A part of a file on its way. What leaves at once costs neither a promise nor a turn. */
class FileBodySending implements FileWaiter {
  readonly #to: AnswerTarget;
  readonly #head: Uint8Array;
  readonly #body: FileBody;
  #sent = 0;
  #pieceBytes = 0;
  /** A piece is being handed over, within this call. */
  #isSending = false;
  /** The piece that was handed over has not left yet. */
  #isWaiting = false;
  #isOver = false;
  #failure: { readonly error: unknown } | undefined;
  #waiter: { resolve(bytes: number): void; reject(error: unknown): void } | undefined;

  constructor(to: AnswerTarget, head: Uint8Array, body: FileBody) {
    this.#to = to;
    this.#head = head;
    this.#body = body;
  }

  start(): number | Promise<number> {
    this.#sendPieces();
    if (this.#failure !== undefined) throw this.#failure.error;
    if (this.#isOver) return this.#sent;
    return new Promise((resolve, reject) => {
      this.#waiter = { resolve, reject };
    });
  }

  /** Called when a piece has left. */
  resolve(bytes: number): void {
    this.#to.hasBegun = true;
    this.#isWaiting = false;
    this.#sent += bytes;
    try {
      this.#checkPiece(bytes);
    } catch (error) {
      this.#end(error);
    }
    // Not at once: the queue of the connection is sending.
    if (!this.#isOver && !this.#isSending) queueMicrotask(() => this.#sendPieces());
  }

  /** Called when a piece cannot be sent. */
  reject(error: Error): void {
    this.#end(error);
  }

  #checkPiece(bytes: number): void {
    if (bytes < this.#pieceBytes) throw new ConnectionError("ERR_SOCKWRIGHT_FILE_SHRANK");
    const isLast = this.#sent === this.#body.length;
    // A last piece that has left at once is like a read(2): it was not waited for.
    const isUnchanged = (isLast && this.#isSending) || this.#body.isUnchanged();
    if (!isUnchanged) throw new HttpError("ERR_SOCKWRIGHT_HTTP_FILE_CHANGED");
    if (isLast) this.#end(undefined);
  }

  #sendPieces(): void {
    this.#isSending = true;
    try {
      while (!this.#isWaiting && !this.#isOver) this.#sendPiece();
    } catch (error) {
      this.#end(error);
    }
    this.#isSending = false;
  }

  #sendPiece(): void {
    const { file, offset, length, isWatched } = this.#body;
    const left = length - this.#sent;
    this.#pieceBytes = isWatched ? Math.min(left, FILE_PIECE_BYTES) : left;
    this.#isWaiting = true;
    const head = this.#sent === 0 ? this.#head : undefined;
    this.#to.connection.giveFile(file, { offset: offset + this.#sent, length: this.#pieceBytes, head }, this);
  }

  #end(failure: unknown): void {
    if (this.#isOver) return;
    this.#isOver = true;
    dropBody(this.#to, this.#body);
    if (failure !== undefined) this.#failure = { error: failure };
    if (failure === undefined) this.#waiter?.resolve(this.#sent);
    else this.#waiter?.reject(failure);
  }
}
