import type { Decoder } from "../codec/codec.ts";
import type { Inbox } from "./inbox.ts";
import type { Read } from "./read.ts";

/** The next frame of a decoder, as an iterator gives it. One serves a whole connection. */
export class FrameRead<T> implements Read<IteratorResult<T, undefined>> {
  readonly wantedBytes = 0;
  readonly #decoder: Decoder<T>;

  constructor(decoder: Decoder<T>) {
    this.#decoder = decoder;
  }

  take(inbox: Inbox): IteratorResult<T, undefined> | undefined {
    for (;;) {
      const frame = this.#decoder.next();
      if (frame !== undefined) return { value: frame, done: false };
      const piece = inbox.shift();
      if (piece === undefined) return undefined;
      this.#decoder.push(piece);
    }
  }

  atEnd(): IteratorResult<T, undefined> {
    this.#decoder.end();
    const frame = this.#decoder.next();
    return frame === undefined ? { value: undefined, done: true } : { value: frame, done: false };
  }
}
