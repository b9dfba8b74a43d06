import { BodyEnd } from "./body-end.ts";
import { ChunkedDecoder } from "./chunked-decoder.ts";
import { Fields } from "./fields.ts";
import type { MessageLimits } from "./message-limits.ts";
import type { Refusal } from "./refusal.ts";
import type { RequestFraming } from "./request-framing.ts";

const END = new BodyEnd(Fields.none);

/** Decodes a request's body from the bytes after its head. */
export interface BodyDecoder {
  /** The position after the bytes that the last `next` took. */
  readonly at: number;
  /**
   * Returns the next piece of the body, a view of `bytes` that is never empty; or the end of the body; or why it is refused.
   * Undefined: it took all bytes up to `to`, and needs more. Call it with `at` as `from` until then, or until the end.
   *
   * @param bytes - lent, like the pieces.
   */
  next(bytes: Uint8Array, from: number, to: number): Uint8Array | BodyEnd | Refusal | undefined;
}

/** Makes the decoder for a body with this framing. */
export function bodyDecoder(framing: RequestFraming, limits: MessageLimits): BodyDecoder {
  if (framing.body === "chunked") return new ChunkedDecoder(limits);
  return new LengthDecoder(framing.body === "length" ? framing.length : 0);
}

/** Decodes a body with a Content-Length: RFC 9112, section 6.2. */
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
