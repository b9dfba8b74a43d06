import { BodyEnd } from "./body-end.ts";
import { ChunkedDecoder } from "./chunked-decoder.ts";
import { Fields } from "./fields.ts";
import type { MessageLimits } from "./message-limits.ts";
import type { Refusal } from "./refusal.ts";
import type { RequestFraming } from "./request-framing.ts";

const END = new BodyEnd(Fields.none);

/** A body out of the bytes behind a head. */
export interface BodyDecoder {
  /** How far the last `next` went. */
  readonly at: number;
  /**
   * The next piece of the body, a view of `bytes`, never an empty one; its end; or why it is refused. Undefined: all bytes up
   * to `to` are taken, and more are needed. Call it with `at` as `from` until then, or until the end.
   *
   * @param bytes - lent, as the pieces are.
   */
  next(bytes: Uint8Array, from: number, to: number): Uint8Array | BodyEnd | Refusal | undefined;
}

/** What decodes a body of this framing. */
export function bodyDecoder(framing: RequestFraming, limits: MessageLimits): BodyDecoder {
  if (framing.body === "chunked") return new ChunkedDecoder(limits);
  return new LengthDecoder(framing.body === "length" ? framing.length : 0);
}

/** A body whose length the head has said: RFC 9112, section 6.2. */
class LengthDecoder implements BodyDecoder {
  #left: number;
  at = 0;

  constructor(length: number) {
    this.#left = length;
  }

  next(bytes: Uint8Array, from: number, to: number): Uint8Array | BodyEnd | undefined {
    this.at = from;
    if (this.#left === 0) return END;
    if (from === to) return undefined;
    this.at = Math.min(to, from + this.#left);
    this.#left -= this.at - from;
    return bytes.subarray(from, this.at);
  }
}
