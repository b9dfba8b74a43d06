import { Buffer } from "node:buffer";
import { tolerate } from "../../server/connection/unawaited.ts";
import { type BodyDecoder, bodyDecoder } from "../body-decoder.ts";
import { BodyEnd } from "../body-end.ts";
import { Fields } from "../fields.ts";
import { HttpError } from "../http-error.ts";
import type { MessageLimits } from "../message-limits.ts";
import { Refusal } from "../refusal.ts";
import type { RequestFraming } from "../request-framing.ts";
import { RequestError } from "./request-error.ts";

/** Bytes of an unread body that the server discards after the answer; when more are left, it closes the connection. */
export const MAX_DISCARDED_BYTES = 64 * 1024;

const TOO_LARGE = "The body is too large";
const END: IteratorReturnResult<undefined> = { done: true, value: undefined };

/** The source of the bytes of a body. */
export interface BodySource {
  /** Asks for more of the body. The source calls {@link RequestBody.take} with the bytes it has, perhaps before it returns. */
  resumeBody(): void;
}

/** The control of a body that is passed to a function: see {@link HttpRequest.onBody}. */
export interface BodyPush {
  /** Passes no more bytes, and not the end, until {@link resume}; the server then receives no more. */
  pause(): void;
  /** Goes on; within this call, if there are bytes. */
  resume(): void;
}

/** The function to which a body is passed. Its bytes are lent during the call. */
export type BodyTaker = (bytes: Uint8Array, push: BodyPush) => void;

interface Pusher {
  readonly take: BodyTaker;
  isPaused: boolean;
  resolve(): void;
  reject(error: unknown): void;
}

interface Reader {
  resolve(result: IteratorResult<Buffer, undefined>): void;
  reject(error: Error): void;
}

/**
 * The body of a request, which is read in pieces by iteration or as a whole. It decodes nothing before it is read, so it keeps no
 * more than the unread rest of one receive.
 */
export class RequestBody implements AsyncIterable<Buffer>, BodyPush {
  readonly #decoder: BodyDecoder;
  #maxBytes: number;
  readonly #source: BodySource;
  /** The length by Content-Length; 0 for a chunked body, whose length is known only at its end. */
  readonly #length: number;
  #bytes = 0;
  #state: "unread" | "reading" | "collecting" | "pushing" | "discarding" | "ended" = "unread";
  #isUsed = false;
  /** Whether {@link take} runs: it goes on with its bytes when the function pauses and resumes within a call. */
  #isTaking = false;
  #failure: Error | undefined;
  #reader: Reader | undefined;
  /** The function that takes the bytes, until the end. */
  #pusher: Pusher | undefined;
  #pieces: Buffer[] = [];
  #collected: Promise<Buffer> | undefined;
  trailers = Fields.none;

  constructor(framing: RequestFraming, limits: MessageLimits, maxBytes: number, source: BodySource) {
    this.#decoder = bodyDecoder(framing, limits);
    this.#maxBytes = maxBytes;
    this.#source = source;
    this.#length = framing.body === "length" ? framing.length : 0;
  }

  /**
   * Checks the length that the head gives.
   *
   * @throws RequestError 413 for a body longer than `maxBodyBytes`.
   */
  checkLength(): void {
    if (this.#length <= this.#maxBytes) return;
    const error = new RequestError(413, TOO_LARGE);
    this.fail(error);
    throw error;
  }

  /** Lowers the limit of its bytes. @throws RequestError 413 for a body that is longer. */
  limit(maxBytes: number): void {
    this.#maxBytes = Math.min(this.#maxBytes, maxBytes);
    this.checkLength();
  }

  /** Whether more is left than the server discards after the answer: {@link MAX_DISCARDED_BYTES}. */
  get isLong(): boolean {
    return this.#length - this.#bytes > MAX_DISCARDED_BYTES;
  }

  /** Whether the end of the body was decoded; the bytes after it are another request. */
  get hasEnded(): boolean {
    return this.#state === "ended";
  }

  /** Whether reading has failed; then the end of the body cannot be found. */
  get hasFailed(): boolean {
    return this.#failure !== undefined;
  }

  /** Whether a reader waits for bytes, or they are to be collected or discarded. */
  get isWanted(): boolean {
    if (this.#failure !== undefined) return false;
    if (this.#state === "pushing") return this.#pusher?.isPaused === false;
    return this.#state === "collecting" || this.#state === "discarding" || this.#reader !== undefined;
  }

  /** Whether it passes bytes on within {@link take}, which may be lent then. */
  get takesLent(): boolean {
    return this.#state === "pushing" || this.#state === "discarding";
  }

  /** Decodes as many of the bytes as are wanted now, and returns the offset after them. The bytes must not change later, see {@link takesLent}. */
  take(bytes: Buffer, from: number): number {
    let at = from;
    this.#isTaking = true;
    while (this.isWanted) {
      const found = this.#decoder.next(bytes, at, bytes.length);
      at = this.#decoder.at;
      if (found === undefined) break;
      if (found instanceof BodyEnd) this.#end(found.trailers);
      else if (found instanceof Refusal) this.fail(new RequestError(found.status, found.reason));
      else this.#give(found as Buffer);
    }
    this.#isTaking = false;
    return at;
  }

  /** Ends the body with an error, with which a waiting read rejects. */
  fail(error: Error): void {
    if (this.#failure !== undefined || this.#state === "ended") return;
    this.#failure = error;
    this.#pieces = [];
    const reader = this.#reader;
    this.#reader = undefined;
    reader?.reject(error);
    this.#pusher?.reject(error);
  }

  /** Ends reading: the rest of the body is discarded as it arrives. */
  discard(): void {
    if (this.#state === "ended") return;
    this.#state = "discarding";
    this.#bytes = 0;
    this.#pieces = [];
    const reader = this.#reader;
    this.#reader = undefined;
    reader?.resolve(END);
    this.#endPush();
  }

  /** Passes the bytes to a function: see {@link HttpRequest.onBody}. */
  push(take: BodyTaker): Promise<void> {
    if (this.#isUsed) return Promise.reject(new HttpError("ERR_SOCKWRIGHT_HTTP_BODY_READ"));
    this.#isUsed = true;
    if (this.#state === "unread") this.#state = "pushing";
    return tolerate(
      new Promise((resolve, reject) => {
        if (this.#failure !== undefined) reject(this.#failure);
        else if (this.#state !== "pushing") resolve();
        else {
          this.#pusher = { take, isPaused: false, resolve, reject };
          this.#source.resumeBody();
        }
      }),
    );
  }

  pause(): void {
    if (this.#pusher !== undefined) this.#pusher.isPaused = true;
  }

  resume(): void {
    if (this.#pusher?.isPaused !== true || this.#failure !== undefined) return;
    this.#pusher.isPaused = false;
    if (!this.#isTaking) this.#source.resumeBody();
  }

  bytes(): Promise<Buffer> {
    if (this.#collected === undefined) {
      if (this.#isUsed) return Promise.reject(new HttpError("ERR_SOCKWRIGHT_HTTP_BODY_READ"));
      this.#isUsed = true;
      this.#collected = this.#collect();
    }
    return this.#collected;
  }

  [Symbol.asyncIterator](): AsyncIterator<Buffer, undefined> {
    if (this.#isUsed) throw new HttpError("ERR_SOCKWRIGHT_HTTP_BODY_READ");
    this.#isUsed = true;
    if (this.#state === "unread") this.#state = "reading";
    return { next: () => this.#next(), return: async () => END };
  }

  /** Returns the next piece; rejects while another call waits for one. */
  #next(): Promise<IteratorResult<Buffer, undefined>> {
    if (this.#reader !== undefined) return Promise.reject(new HttpError("ERR_SOCKWRIGHT_HTTP_BODY_READ"));
    return this.#awaitPiece();
  }

  #awaitPiece(): Promise<IteratorResult<Buffer, undefined>> {
    return tolerate(
      new Promise((resolve, reject) => {
        if (this.#failure !== undefined) reject(this.#failure);
        else if (this.#state === "ended" || this.#state === "discarding") resolve(END);
        else {
          this.#reader = { resolve, reject };
          this.#source.resumeBody();
        }
      }),
    );
  }

  async #joinPieces(): Promise<Buffer> {
    await this.#awaitPiece();
    const [first = Buffer.alloc(0)] = this.#pieces;
    const all = this.#pieces.length > 1 ? Buffer.concat(this.#pieces) : first;
    this.#pieces = [];
    return all;
  }

  #collect(): Promise<Buffer> {
    if (this.#state === "unread") this.#state = "collecting";
    return tolerate(this.#joinPieces());
  }

  #give(piece: Buffer): void {
    this.#bytes += piece.length;
    const maxBytes = this.#state === "discarding" ? MAX_DISCARDED_BYTES : this.#maxBytes;
    if (this.#bytes > maxBytes) {
      this.fail(new RequestError(413, TOO_LARGE));
      return;
    }
    if (this.#state === "discarding") return;
    if (this.#state === "collecting") {
      this.#pieces.push(piece);
      return;
    }
    if (this.#state === "pushing") {
      this.#pass(piece);
      return;
    }
    const reader = this.#reader;
    this.#reader = undefined;
    reader?.resolve({ done: false, value: piece });
  }

  #pass(piece: Buffer): void {
    const pusher = this.#pusher;
    try {
      pusher?.take(piece, this);
    } catch (error) {
      this.#state = "discarding";
      this.#bytes = 0;
      this.#pusher = undefined;
      pusher?.reject(error);
    }
  }

  #endPush(): void {
    const pusher = this.#pusher;
    this.#pusher = undefined;
    pusher?.resolve();
  }

  #end(trailers: Fields): void {
    this.#state = "ended";
    this.trailers = trailers;
    const reader = this.#reader;
    this.#reader = undefined;
    reader?.resolve(END);
    this.#endPush();
  }
}
