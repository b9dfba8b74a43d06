import type { Decoder } from "../../codec/codec.ts";
import type { Read } from "./read.ts";
import type { ReadBuffer } from "./read-buffer.ts";

/** The next frame of a decoder, as an iterator gives it. One serves a whole connection. */
export class FrameRead<T> implements Read<IteratorResult<T, undefined>> {
  readonly wantedBytes = 0;
  protected readonly decoder: Decoder<T>;

  constructor(decoder: Decoder<T>) {
    this.decoder = decoder;
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

  atEnd(): IteratorResult<T, undefined> {
    this.decoder.end();
    const frame = this.decoder.next();
    return frame === undefined ? { value: undefined, done: true } : { value: frame, done: false };
  }
}

/** The same where no frame is a view of what was pushed: what has just come is pushed as it lies there, without a copy. */
class OwnFrameRead<T> extends FrameRead<T> {
  takeLent(bytes: Uint8Array): IteratorResult<T, undefined> | undefined {
    this.decoder.push(bytes);
    const frame = this.decoder.next();
    if (frame === undefined) return undefined;
    this.decoder.keep();
    return { value: frame, done: false };
  }
}

/** How the frames of a decoder are read. */
export function frameRead<T>(decoder: Decoder<T>): FrameRead<T> {
  return decoder.ownsFrames === true ? new OwnFrameRead(decoder) : new FrameRead(decoder);
}
