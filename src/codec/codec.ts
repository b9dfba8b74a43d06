import { wrongType } from "../socket/values.ts";

/**
 * A codec cuts a stream of bytes into frames, and encodes frames as bytes. It has no state: one codec serves any number of
 * connections, and each connection has its own decoder. A codec does not depend on sockets.
 *
 * @typeParam In - the frames that a decoder returns.
 * @typeParam Out - the frames that `encode` takes; often a wider type than `In`.
 */
export interface Codec<In, Out = In> {
  /** The name of the codec in error messages: `"lines"`, `"netstring"` … */
  readonly name: string;
  /** Makes a decoder for a new stream. */
  decoder(): Decoder<In>;
  /**
   * Encodes one frame. The caller owns the returned bytes.
   *
   * @throws FrameError `ERR_SOCKWRIGHT_FRAME_TOO_LARGE`, `ERR_SOCKWRIGHT_FRAME_UNENCODABLE` · TypeError.
   */
  encode(frame: Out): Buffer;
  /**
   * Encodes a frame into the memory from which it is sent, which saves a Buffer. It must not call other code of the program:
   * all connections share that memory.
   *
   * @returns the number of bytes written from `at` on; undefined when they may not fit: then use `encode`.
   * @internal
   */
  encodeInto?(frame: Out, memory: Buffer, at: number): number | undefined;
}

/**
 * A decoder cuts one stream into frames. The caller passes bytes to `push`, and takes the frames from `next` one at a time, so
 * that a slow reader decodes no more than it can use:
 *
 * ```
 * decoder.push(bytes);
 * for (let frame = decoder.next(); frame !== undefined; frame = decoder.next()) handle(frame);
 * ```
 *
 * The frames do not depend on how the stream was cut. `next` throws an error of the stream after it has returned the frames
 * before it. From then on `next` and `push` throw the same error again, until the caller calls `skip` or `rest`.
 */
export interface Decoder<T> {
  /**
   * Adds bytes. They are lent to the decoder until `next` returns undefined, or until `keep`: then the caller may reuse their
   * memory.
   *
   * @throws the error with which the decoder failed · FrameError `ERR_SOCKWRIGHT_DECODER_ENDED` · `ERR_SOCKWRIGHT_UNREAD` when
   * more than 1 MiB waits for `next`; nothing is lost: call `next`, and push again · TypeError.
   */
  push(bytes: NodeJS.ArrayBufferView): void;
  /**
   * Returns the next frame; undefined when it is not complete yet, or, after `end`, when there is none left.
   *
   * @throws FrameError `ERR_SOCKWRIGHT_FRAME_TOO_LARGE`, `ERR_SOCKWRIGHT_FRAME_MALFORMED`, `ERR_SOCKWRIGHT_UNEXPECTED_END`.
   */
  next(): T | undefined;
  /** Says that no more bytes will come. Read the remaining frames with `next`. A second `end` does nothing. */
  end(): void;
  /** Copies the bytes that are still lent, for a caller that stops before `next` returns undefined. */
  keep(): void;
  /**
   * Returns a copy of the pushed bytes that are in no frame that `next` returned, and removes them from the decoder: use it to
   * read the rest of the stream in another way. The next pushed byte begins a frame. After an error the bytes begin with the
   * frame that failed, as far as the codec knows where it begins.
   *
   * @throws FrameError `ERR_SOCKWRIGHT_FRAME_UNFINISHED` when the bytes are no part of the stream any more: see {@link layered}.
   */
  rest(): Buffer;
  /**
   * Skips the frame for which `next` threw, and continues after it: drops the bytes of it that have come, without keeping them.
   * A codec that never knows where a frame ends has no such method.
   *
   * @returns the length of that frame, with its header and delimiter; 0 when `next` did not throw; undefined when its end has
   * not come: then push more and call `skip` again, or call `next`, which first drops the rest of the frame.
   * @throws FrameError `ERR_SOCKWRIGHT_FRAME_UNSKIPPABLE` when nothing tells where the frame ends; the decoder stays failed ·
   * `ERR_SOCKWRIGHT_UNEXPECTED_END`.
   */
  skip?(): number | undefined;
  /** Pushed bytes that are in no frame yet: after `next` returned undefined, less than one frame with its header. */
  readonly bufferedBytes: number;
  /** Bytes of the stream before the frame that `next` returned last; 0 before the first frame. */
  readonly offset: number;
  /** Whether frames are never views of pushed bytes: then the caller may push from memory that it reuses at once. @internal */
  readonly ownsFrames?: boolean;
  /** The length of the frame that `next` returned last, with its header and delimiter. @internal */
  readonly frameBytes?: number | undefined;
}

/** @throws TypeError when the value is no codec: most often a function that makes one, and was not called. */
export function checkCodec(name: string, codec: unknown): void {
  const isObject = typeof codec === "object" && codec !== null;
  if (isObject && "decoder" in codec && typeof codec.decoder === "function" && "encode" in codec) return;
  const form = typeof codec === "function" && codec.name !== "" ? `${codec.name}()` : "lines()";
  throw wrongType(name, `a codec, such as ${form}`, codec);
}

const inPlace = new WeakSet<object>();

/** Allows the use of a codec's `encodeInto`. A copy of the codec, to which a program gave another `encode`, is not allowed. */
export function allowWriteInPlace<In, Out>(codec: Codec<In, Out>): Codec<In, Out> {
  inPlace.add(codec);
  return codec;
}

/** Whether {@link allowWriteInPlace} was called for the codec: it writes into memory that all connections share. */
export function writesInPlace(codec: object): boolean {
  return inPlace.has(codec);
}
