import type { FileWaiter } from "../../server/connection/file-sending.ts";
import { ConnectionError } from "../../server/transport/connection-error.ts";
import { HttpError } from "../http-error.ts";
import { dropBody } from "./answer-body.ts";
import type { AnswerTarget } from "./answer-target.ts";
import type { FileBody } from "./file-body.ts";

/** Bytes of a file that are sent between two calls of `isUnchanged`; a longer part is sent in several pieces. */
export const FILE_PIECE_BYTES = 512 * 1024;

/**
 * Sends a head and then a part of a file. Returns the number of bytes of the file, as a promise unless all of it was sent at once.
 * Throws or rejects before anything is sent when the file cannot be sent at all.
 */
export function sendFileBody(to: AnswerTarget, head: Uint8Array, body: FileBody): number | Promise<number> {
  return new FileBodySending(to, head, body).start();
}

/** The sending of a part of a file. A part that the kernel takes at once costs neither a promise nor a turn. */
class FileBodySending implements FileWaiter {
  readonly #to: AnswerTarget;
  readonly #head: Uint8Array;
  readonly #body: FileBody;
  #sent = 0;
  #pieceBytes = 0;
  /** Whether a piece is being handed over in the current call. */
  #isSending = false;
  /** Whether the piece that was handed over is not sent yet. */
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

  /** Called when a piece is sent. */
  resolve(bytes: number): void {
    this.#to.hasBegun = true;
    this.#isWaiting = false;
    this.#sent += bytes;
    try {
      this.#checkPiece(bytes);
    } catch (error) {
      this.#end(error);
    }
    // Not synchronously: the write queue of the connection is sending.
    if (!this.#isOver && !this.#isSending) queueMicrotask(() => this.#sendPieces());
  }

  /** Called when a piece cannot be sent. */
  reject(error: Error): void {
    this.#end(error);
  }

  #checkPiece(bytes: number): void {
    if (bytes < this.#pieceBytes) throw new ConnectionError("ERR_SOCKWRIGHT_FILE_SHRANK");
    const isLast = this.#sent === this.#body.length;
    // A last piece that was sent at once is like a read(2): the file had no time to change in between.
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
