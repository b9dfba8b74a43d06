import type { Decoder } from "../../codec/codec.ts";
import type { Holder } from "./input.ts";
import type { InputEnd, Read } from "./read.ts";
import type { ReadBuffer } from "./read-buffer.ts";

/** The next frame of a decoder, as an iterator gives it. One serves a whole connection. */
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
    for (;;) {
      const frame = this.decoder.next();
      if (frame !== undefined) return { value: frame, done: false };
      const piece = buffer.shift();
      if (piece === undefined) return undefined;
      this.decoder.push(piece);
    }
  }

  atEnd(_buffer: ReadBuffer, how: InputEnd): IteratorResult<T, undefined> {
    // A frame that a stop has cut is none that its sender has left unfinished.
    if (how === "stopped") return { value: undefined, done: true };
    this.decoder.end();
    const frame = this.decoder.next();
    return frame === undefined ? { value: undefined, done: true } : { value: frame, done: false };
  }
}

/** The same where no frame is a view of what was pushed: what has just come is pushed as it lies there, without a copy. */
class OwnFrameRead<T> extends FrameRead<T> {
  takeLent(bytes: Uint8Array): IteratorResult<T, undefined> | undefined {
    this.decoder.push(bytes);
    let isDrained = false;
    try {
      const frame = this.decoder.next();
      isDrained = frame === undefined;
      return frame === undefined ? undefined : { value: frame, done: false };
    } finally {
      if (!isDrained) this.decoder.keep();
    }
  }
}

/** How the frames of a decoder are read. */
export function frameRead<T>(decoder: Decoder<T>): FrameRead<T> {
  return decoder.ownsFrames === true ? new OwnFrameRead(decoder) : new FrameRead(decoder);
}
