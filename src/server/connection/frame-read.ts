import type { Decoder } from "../../codec/codec.ts";
import { FrameError } from "../../codec/frame-error.ts";
import type { Holder } from "./input.ts";
import type { InputEnd, Read } from "./read.ts";
import type { ReadBuffer } from "./read-buffer.ts";

/** Reads the next frame of a decoder as an iterator result. One object serves all such reads of a `Frames`. */
export class FrameRead<T> implements Read<IteratorResult<T, undefined>>, Holder {
  readonly wantedBytes = 0;
  protected readonly decoder: Decoder<T>;

  constructor(decoder: Decoder<T>) {
    this.decoder = decoder;
  }

  rest(): Uint8Array {
    return this.decoder.rest();
  }

  take(buffer: ReadBuffer): IteratorResult<T, undefined> | undefined {
    const frame = this.next(buffer);
    return frame === undefined ? undefined : { value: frame, done: false };
  }

  atEnd(_buffer: ReadBuffer, how: InputEnd): IteratorResult<T, undefined> {
    const frame = this.last(how);
    return frame === undefined ? { value: undefined, done: true } : { value: frame, done: false };
  }

  /** Returns the next complete frame in the buffer. */
  next(buffer: ReadBuffer): T | undefined {
    for (;;) {
      const frame = this.decoder.next();
      if (frame !== undefined) return frame;
      const piece = buffer.shift();
      if (piece === undefined) return undefined;
      this.decoder.push(piece);
    }
  }

  /** Returns the first frame of lent bytes, with an empty buffer before them. The decoder copies the bytes that it does not use. */
  nextOfLent(bytes: Uint8Array): T | undefined {
    this.decoder.push(bytes);
    let isDrained = false;
    try {
      const frame = this.decoder.next();
      isDrained = frame === undefined;
      return frame;
    } finally {
      if (!isDrained) this.decoder.keep();
    }
  }

  /** Returns the frame that the end completes. A stop at this side may cut a frame off: the peer is not to blame, so no error. */
  last(how: InputEnd): T | undefined {
    if (how === "stopped") return undefined;
    this.decoder.end();
    return this.decoder.next();
  }
}

/** As {@link FrameRead}, for a decoder whose frames are no views of the pushed bytes: it takes lent bytes without a copy. */
class OwnFrameRead<T> extends FrameRead<T> {
  takeLent(bytes: Uint8Array): IteratorResult<T, undefined> | undefined {
    const frame = this.nextOfLent(bytes);
    return frame === undefined ? undefined : { value: frame, done: false };
  }
}

/** Reads the next frame without an iterator result; undefined after the last one. */
class BareFrameRead<T> implements Read<T | undefined> {
  readonly wantedBytes = 0;
  protected readonly frames: FrameRead<T>;

  constructor(frames: FrameRead<T>) {
    this.frames = frames;
  }

  take(buffer: ReadBuffer): T | undefined {
    return this.frames.next(buffer);
  }

  atEnd(_buffer: ReadBuffer, how: InputEnd): T | undefined {
    return this.frames.last(how);
  }
}

class OwnBareFrameRead<T> extends BareFrameRead<T> {
  takeLent(bytes: Uint8Array): T | undefined {
    return this.frames.nextOfLent(bytes);
  }
}

/** Drops the frame that the decoder has refused, and returns its number of bytes. */
export class FrameSkip<T> implements Read<number> {
  readonly wantedBytes = 0;
  readonly #decoder: Decoder<T>;
  readonly #skip: () => number | undefined;
  /** Bytes that were dropped or are still in the decoder. */
  #bytes: number;

  /** Throws where the decoder cannot skip a frame. */
  constructor(decoder: Decoder<T>, codec: string) {
    if (decoder.skip === undefined) {
      throw new FrameError("ERR_SOCKWRIGHT_FRAME_UNSKIPPABLE", { codec, offset: decoder.offset });
    }
    this.#decoder = decoder;
    this.#skip = decoder.skip.bind(decoder);
    this.#bytes = decoder.bufferedBytes;
  }

  take(buffer: ReadBuffer): number | undefined {
    for (;;) {
      const bytes = this.#skip();
      if (bytes !== undefined) return bytes;
      const piece = buffer.shift();
      if (piece === undefined) return undefined;
      this.#push(piece);
    }
  }

  takeLent(bytes: Uint8Array): number | undefined {
    this.#push(bytes);
    try {
      return this.#skip();
    } finally {
      this.#decoder.keep();
    }
  }

  atEnd(_buffer: ReadBuffer, how: InputEnd): number {
    if (how === "ended") {
      this.#decoder.end();
      const bytes = this.#skip();
      if (bytes !== undefined) return bytes;
    }
    return this.#bytes - this.#decoder.bufferedBytes;
  }

  #push(bytes: Uint8Array): void {
    this.#decoder.push(bytes);
    this.#bytes += bytes.length;
  }
}

/** Returns a read of the next frame without an iterator result. */
export function bareFrameRead<T>(frames: FrameRead<T>): Read<T | undefined> {
  return frames instanceof OwnFrameRead ? new OwnBareFrameRead(frames) : new BareFrameRead(frames);
}

/** Returns the read for the frames of a decoder. */
export function frameRead<T>(decoder: Decoder<T>): FrameRead<T> {
  return decoder.ownsFrames === true ? new OwnFrameRead(decoder) : new FrameRead(decoder);
}
