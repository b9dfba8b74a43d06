import type { Data } from "../socket/values.ts";
import { type Codec, checkCodec, type Decoder } from "./codec.ts";
import { FrameError } from "./frame-error.ts";
import { StickyDecoder } from "./sticky-decoder.ts";

/**
 * A codec inside another codec's frames: the contents of the frames of `outer`, one after the other, are the stream that `inner`
 * decodes. A frame of `inner` may span several frames of `outer`, or be one of many in it. Each codec keeps its own limit. The
 * rest of the stream can be taken back (`Decoder.rest`, `Frames.release`) only between two frames of `outer`, when all frames
 * of `inner` in them are read: bytes of `inner` are no part of the stream.
 *
 * @throws of a decoder and of `encode`: the errors of both codecs; the `offset` of `inner`'s errors is in its own stream.
 * @example
 * ```ts
 * import { layered, lengthPrefixed, lines } from "sockwright/codec";
 *
 * const records = lengthPrefixed({ lengthBytes: 1 });
 * const decoder = layered(records, lines()).decoder();
 * decoder.push(Buffer.concat([records.encode("one\ntw"), records.encode("o\n")]));
 * console.log(decoder.next(), decoder.next()); // => one two
 * ```
 */
export function layered<In, Out>(outer: Codec<NodeJS.ArrayBufferView, Data>, inner: Codec<In, Out>): Codec<In, Out> {
  checkCodec("outer", outer);
  checkCodec("inner", inner);
  const name = `${inner.name} in ${outer.name}`;
  return {
    name,
    decoder: (): Decoder<In> => new LayeredDecoder(name, outer.decoder(), inner.decoder()),
    encode: (frame) => outer.encode(inner.encode(frame)),
  };
}

/** A decoder that has failed cannot read its frames to the end, as the usual advice says. */
const FAILED_INSIDE =
  "the bytes of the inner codec cannot be returned, and its decoder has failed: close the connection";

class LayeredDecoder<T> extends StickyDecoder implements Decoder<T> {
  readonly #name: string;
  readonly #outer: Decoder<NodeJS.ArrayBufferView>;
  readonly #inner: Decoder<T>;
  #isEnded = false;

  constructor(name: string, outer: Decoder<NodeJS.ArrayBufferView>, inner: Decoder<T>) {
    super();
    this.#name = name;
    this.#outer = outer;
    this.#inner = inner;
  }

  get bufferedBytes(): number {
    return this.#outer.bufferedBytes + this.#inner.bufferedBytes;
  }

  get offset(): number {
    return this.#outer.offset;
  }

  push(bytes: NodeJS.ArrayBufferView): void {
    this.checkFailure();
    this.#outer.push(bytes);
  }

  next(): T | undefined {
    this.checkFailure();
    try {
      return this.#next();
    } catch (error) {
      this.fail(error);
    }
  }

  end(): void {
    this.#isEnded = true;
    this.#outer.end();
  }

  keep(): void {
    // The inner decoder may hold a view of bytes lent to the outer one.
    this.#inner.keep();
    this.#outer.keep();
  }

  rest(): Buffer {
    if (this.#inner.bufferedBytes > 0) {
      const place = { codec: this.#name, offset: this.offset, cause: this.failure };
      const reason = this.failure === undefined ? undefined : FAILED_INSIDE;
      throw new FrameError("ERR_SOCKWRIGHT_FRAME_UNFINISHED", place, reason);
    }
    const rest = this.#outer.rest();
    this.#inner.rest(); // it is empty: this clears the error of `inner`
    this.failure = undefined;
    return rest;
  }

  #next(): T | undefined {
    for (;;) {
      const frame = this.#inner.next();
      if (frame !== undefined) return frame;
      const bytes = this.#outer.next();
      if (bytes !== undefined) {
        this.#inner.push(bytes);
        continue;
      }
      if (!this.#isEnded) return undefined;
      this.#inner.end();
      return this.#inner.next();
    }
  }
}
