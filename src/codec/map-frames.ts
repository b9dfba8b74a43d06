import { checkDefinition, functionOf, type OptionNames, wrongType } from "../socket/values.ts";
import { type Codec, checkCodec, type Decoder } from "./codec.ts";
import { FrameError } from "./frame-error.ts";
import { unencodableError } from "./frame-limit.ts";
import { StickyDecoder } from "./sticky-decoder.ts";
import { toFrameError } from "./thrown.ts";

/** The functions of {@link mapFrames}: they turn frames of another codec into values, and back. */
export interface FrameMapping<In, Out, T, U> {
  /** The name of the codec in error messages; default the other codec's name. */
  readonly name?: string | undefined;
  /** Makes a value from a frame. Undefined leaves the frame out; a thrown value becomes the cause of a FrameError. */
  decode(frame: In): T | undefined;
  /** Makes a frame from a value. A thrown value becomes the cause of a FrameError. */
  encode(value: U): Out;
}

const FRAME_MAPPING: OptionNames<FrameMapping<unknown, unknown, unknown, unknown>> = {
  name: true,
  decode: true,
  encode: true,
};

/**
 * A codec that turns another codec's frames into values, and values into frames.
 *
 * @throws of a decoder: the errors of the other decoder · FrameError `ERR_SOCKWRIGHT_FRAME_MALFORMED` when the mapping's `decode`
 * throws · of `encode`: the errors of the other `encode` · FrameError `ERR_SOCKWRIGHT_FRAME_UNENCODABLE` when the mapping's
 * `encode` throws.
 * @example
 * ```ts
 * import { fixed, mapFrames } from "sockwright/codec";
 *
 * const temperatures = mapFrames(fixed(4), {
 *   decode: (frame) => frame.readFloatBE(),
 *   encode(celsius: number) {
 *     const frame = Buffer.alloc(4);
 *     frame.writeFloatBE(celsius);
 *     return frame;
 *   },
 * });
 * const decoder = temperatures.decoder();
 * decoder.push(temperatures.encode(21.5));
 * console.log(decoder.next()); // => 21.5
 * ```
 */
export function mapFrames<In, Out, T, U = T>(codec: Codec<In, Out>, mapping: FrameMapping<In, Out, T, U>): Codec<T, U> {
  checkCodec("codec", codec);
  checkDefinition(
    "mapFrames()",
    mapping,
    FRAME_MAPPING,
    "mapping",
    ", such as { decode: (frame) => …, encode: (value) => … }",
  );
  const { name = codec.name } = mapping;
  if (typeof name !== "string") throw wrongType("mapping.name", "of type string", name);
  for (const each of ["decode", "encode"] as const) functionOf(`mapping.${each}`, mapping[each]);
  return {
    name,
    decoder: (): Decoder<T> => new MappedDecoder(name, codec.decoder(), mapping),
    encode(value) {
      return codec.encode(frameOf(name, mapping, value));
    },
  };
}

interface FrameReader<In, T> {
  decode(frame: In): T | undefined;
}

interface FrameWriter<Out, U> {
  encode(value: U): Out;
}

function frameOf<Out, U>(name: string, mapping: FrameWriter<Out, U>, value: U): Out {
  try {
    return mapping.encode(value);
  } catch (error) {
    throw toFrameError(error, (reason) => unencodableError(name, reason, error));
  }
}

class MappedDecoder<In, T> extends StickyDecoder implements Decoder<T> {
  readonly #name: string;
  readonly #frames: Decoder<In>;
  readonly #mapping: FrameReader<In, T>;

  constructor(name: string, frames: Decoder<In>, mapping: FrameReader<In, T>) {
    super();
    this.#name = name;
    this.#frames = frames;
    this.#mapping = mapping;
  }

  get bufferedBytes(): number {
    return this.#frames.bufferedBytes;
  }

  /** A mapping may return the frame itself, which may be a view of lent bytes. */
  get ownsFrames(): boolean {
    return this.#frames.ownsFrames === true;
  }

  get offset(): number {
    return this.#frames.offset;
  }

  push(bytes: NodeJS.ArrayBufferView): void {
    this.checkFailure();
    this.#frames.push(bytes);
  }

  next(): T | undefined {
    this.checkFailure();
    for (;;) {
      const frame = this.#frames.next();
      if (frame === undefined) return undefined;
      const value = this.#decode(frame);
      if (value !== undefined) return value;
    }
  }

  end(): void {
    this.#frames.end();
  }

  keep(): void {
    this.#frames.keep();
  }

  rest(): Buffer {
    const rest = this.#frames.rest();
    this.failure = undefined;
    return rest;
  }

  get frameBytes(): number | undefined {
    return this.#frames.frameBytes;
  }

  skip(): number | undefined {
    if (this.failure !== undefined) {
      // The frame was read: only the mapping failed.
      this.failure = undefined;
      return this.#frames.frameBytes ?? 0;
    }
    if (this.#frames.skip !== undefined) return this.#frames.skip();
    throw new FrameError("ERR_SOCKWRIGHT_FRAME_UNSKIPPABLE", { codec: this.#name, offset: this.offset });
  }

  #decode(frame: In): T | undefined {
    try {
      return this.#mapping.decode(frame);
    } catch (error) {
      const place = { codec: this.#name, offset: this.offset, cause: error };
      this.fail(toFrameError(error, (reason) => new FrameError("ERR_SOCKWRIGHT_FRAME_MALFORMED", place, reason)));
    }
  }
}
