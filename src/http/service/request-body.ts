import { Buffer } from "node:buffer";
import { tolerated } from "../../server/connection/unawaited.ts";
import { type BodyDecoder, bodyDecoder } from "../body-decoder.ts";
import { BodyEnd } from "../body-end.ts";
import { Fields } from "../fields.ts";
import { HttpError } from "../http-error.ts";
import type { MessageLimits } from "../message-limits.ts";
import { Refusal } from "../refusal.ts";
import type { RequestFraming } from "../request-framing.ts";
import { RequestError } from "./request-error.ts";

/** So much of a body that nobody has read is dropped behind the answer; of more the connection is closed. */
export const MAX_DISCARDED_BYTES = 64 * 1024;

const TOO_LARGE = "The body is too large";
const END: IteratorReturnResult<undefined> = { done: true, value: undefined };

/** Who has the bytes. */
export interface BodySource {
  /** More of the body is wanted: {@link RequestBody.take} is given what is there, also before this returns. */
  bodyWanted(): void;
}

interface Reader {
  resolve(result: IteratorResult<Buffer, undefined>): void;
  reject(error: Error): void;
}

/**
 * The body of a request: pieces by iteration, or all of it. Nothing is decoded before somebody wants it, so that no more is kept
 * than what has come in one piece and was not read.
 */
export class RequestBody implements AsyncIterable<Buffer> {
  readonly #decoder: BodyDecoder;
  readonly #maxBytes: number;
  readonly #source: BodySource;
  /** 0 where only its end tells. */
  readonly #length: number;
  #bytes = 0;
  #state: "unread" | "reading" | "collecting" | "discarding" | "ended" = "unread";
  #isUsed = false;
  #failure: Error | undefined;
  #reader: Reader | undefined;
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
   * Looks at the length that it says to have.
   *
   * @throws RequestError 413.
   */
  admit(): void {
    if (this.#length <= this.#maxBytes) return;
    const error = new RequestError(413, TOO_LARGE);
    this.fail(error);
    throw error;
  }

  /** So much of it is left that it is not worth reading for nobody. */
  get isLong(): boolean {
    return this.#length - this.#bytes > MAX_DISCARDED_BYTES;
  }

  /** Its end has come: what is behind it is another request. */
  get hasEnded(): boolean {
    return this.#state === "ended";
  }

  /** Where its end is, nobody knows any more. */
  get hasFailed(): boolean {
    return this.#failure !== undefined;
  }

  /** Whether what comes is wanted now. */
  get isWanted(): boolean {
    if (this.#failure !== undefined) return false;
    return this.#state === "collecting" || this.#state === "discarding" || this.#reader !== undefined;
  }

  /** Takes of the bytes as many as are wanted now, and says how far that is. They are never written again. */
  take(bytes: Buffer, from: number): number {
    let at = from;
    while (this.isWanted) {
      const found = this.#decoder.next(bytes, at, bytes.length);
      at = this.#decoder.at;
      if (found === undefined) break;
      if (found instanceof BodyEnd) this.#end(found.trailers);
      else if (found instanceof Refusal) this.fail(new RequestError(found.status, found.reason));
      else this.#give(found as Buffer);
    }
    return at;
  }

  /** No more of it comes: whoever reads it is told. */
  fail(error: Error): void {
    if (this.#failure !== undefined || this.#state === "ended") return;
    this.#failure = error;
    this.#pieces = [];
    const reader = this.#reader;
    this.#reader = undefined;
    reader?.reject(error);
  }

  /** Nobody is to read it any more. What is left of it is dropped as it comes. */
  discard(): void {
    if (this.#state === "ended") return;
    this.#state = "discarding";
    this.#bytes = 0;
    this.#pieces = [];
    const reader = this.#reader;
    this.#reader = undefined;
    reader?.resolve(END);
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

  /** The next piece; a second call waits until the first has its own. */
  #next(): Promise<IteratorResult<Buffer, undefined>> {
    if (this.#reader !== undefined) return Promise.reject(new HttpError("ERR_SOCKWRIGHT_HTTP_BODY_READ"));
    return this.#wanted();
  }

  #wanted(): Promise<IteratorResult<Buffer, undefined>> {
    return tolerated(
      new Promise((resolve, reject) => {
        if (this.#failure !== undefined) reject(this.#failure);
        else if (this.#state === "ended" || this.#state === "discarding") resolve(END);
        else {
          this.#reader = { resolve, reject };
          this.#source.bodyWanted();
        }
      }),
    );
  }

  async #collectedPieces(): Promise<Buffer> {
    await this.#wanted();
    const [first = Buffer.alloc(0)] = this.#pieces;
    const all = this.#pieces.length > 1 ? Buffer.concat(this.#pieces) : first;
    this.#pieces = [];
    return all;
  }

  #collect(): Promise<Buffer> {
    if (this.#state === "unread") this.#state = "collecting";
    return tolerated(this.#collectedPieces());
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
    const reader = this.#reader;
    this.#reader = undefined;
    reader?.resolve({ done: false, value: piece });
  }

  #end(trailers: Fields): void {
    this.#state = "ended";
    this.trailers = trailers;
    const reader = this.#reader;
    this.#reader = undefined;
    reader?.resolve(END);
  }
}
