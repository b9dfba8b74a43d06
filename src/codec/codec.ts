import { wrongType } from "../socket/values.ts";

/**
 * A way to cut a stream of bytes into frames, and to make bytes of a frame. A codec is a value without state: one serves
 * any number of connections, each with a decoder of its own. It knows nothing of sockets.
 *
 * @typeParam In - what a decoder gives.
 * @typeParam Out - what `encode` takes; often wider than `In`.
 */
export interface Codec<In, Out = In> {
  /** For messages: `"lines"`, `"netstring"` … */
  readonly name: string;
  /** A new decoder, at the beginning of a stream. */
  decoder(): Decoder<In>;
  /**
   * The bytes of one frame, which are the caller's.
   *
   * @throws FrameError `ERR_SOCKWRIGHT_FRAME_TOO_LARGE`, `ERR_SOCKWRIGHT_FRAME_UNENCODABLE` · TypeError.
   */
  encode(frame: Out): Buffer;
  /**
   * The same into memory that the frame is sent from, which spares a Buffer. It calls nobody else: that memory is everybody's.
   *
   * @returns how many bytes, from `at` on; undefined where they might not fit, and then `encode` makes them.
   * @internal
   */
  encodeInto?(frame: Out, memory: Buffer, at: number): number | undefined;
}

/**
 * Cuts one stream into frames. Bytes go in by `push`, and frames are asked for one at a time, so that whoever reads slowly
 * takes no more than it can use:
 *
 * ```
 * decoder.push(bytes);
 * for (let frame = decoder.next(); frame !== undefined; frame = decoder.next()) handle(frame);
 * ```
 *
 * The frames are the same however the stream was cut. What is wrong with a stream is told by `next`, behind the frames
 * before it; from then on the decoder is dead: `next` and `push` throw the same error again, until `skip` or `rest`.
 */
export interface Decoder<T> {
  /**
   * Adds bytes. They are lent until `next` has given undefined, or until `keep`: then their memory may be used again.
   *
   * @throws the error that the decoder died of · FrameError `ERR_SOCKWRIGHT_DECODER_ENDED` · `ERR_SOCKWRIGHT_UNREAD` when
   * more than 1 MiB was pushed and not asked for; nothing is lost, ask and push again · TypeError.
   */
  push(bytes: NodeJS.ArrayBufferView): void;
  /**
   * The next frame; undefined when there is none yet, or after `end` none any more.
   *
   * @throws FrameError `ERR_SOCKWRIGHT_FRAME_TOO_LARGE`, `ERR_SOCKWRIGHT_FRAME_MALFORMED`, `ERR_SOCKWRIGHT_UNEXPECTED_END`.
   */
  next(): T | undefined;
  /** No more bytes will come. What is left is asked for as ever. A second `end` does nothing. */
  end(): void;
  /** Copies what is still lent, for who stops asking before `next` gives undefined. */
  keep(): void;
  /**
   * Takes out the bytes that came and are in no frame that `next` gave: a copy, for whoever goes on with the stream in
   * another way. The decoder then holds nothing, and what is pushed next begins a frame. After an error they begin with the
   * frame that it is about, as far as the codec knows where that begins.
   *
   * @throws FrameError `ERR_SOCKWRIGHT_FRAME_UNFINISHED` where they are no part of the stream any more: see {@link layered}.
   */
  rest(): Buffer;
  /**
   * Leaves out the frame that `next` threw for, and goes on behind it: drops what has come of it. A codec that cannot tell
   * where any frame ends has no such method.
   *
   * @returns how many bytes that frame had, header and delimiter included; 0 where `next` threw for none; undefined where its
   * end has not come: then push more and ask again, or ask `next`, which drops the rest of it first. What is dropped is
   * not kept.
   * @throws FrameError `ERR_SOCKWRIGHT_FRAME_UNSKIPPABLE` where nothing tells its end: the decoder is as dead as before ·
   * `ERR_SOCKWRIGHT_UNEXPECTED_END`.
   */
  skip?(): number | undefined;
  /** Bytes that came and are in no frame yet: after `next` gave undefined, less than one frame with its header. */
  readonly bufferedBytes: number;
  /** Bytes of the stream before the frame that `next` gave last; 0 before the first. */
  readonly offset: number;
  /** Whether no frame is a view of what was pushed: then it can be pushed from memory that is lent for a moment. @internal */
  readonly ownsFrames?: boolean;
  /** Bytes of the frame that `next` gave last, header and delimiter included. @internal */
  readonly frameBytes?: number | undefined;
}

/** @throws TypeError for what is no codec: most often a function that makes one, and was not called. */
export function checkCodec(name: string, codec: unknown): void {
  const isObject = typeof codec === "object" && codec !== null;
  if (isObject && "decoder" in codec && typeof codec.decoder === "function" && "encode" in codec) return;
  const form = typeof codec === "function" && codec.name !== "" ? `${codec.name}()` : "lines()";
  throw wrongType(name, `a codec, such as ${form}`, codec);
}

const inPlace = new WeakSet<object>();

/** The codec's `encodeInto` may be used. A codec that a program has made of it, with an `encode` of its own, is another. */
export function writingInPlace<In, Out>(codec: Codec<In, Out>): Codec<In, Out> {
  inPlace.add(codec);
  return codec;
}

/** Whether it is one of those: the memory that it writes into is everybody's. */
export function writesInPlace(codec: object): boolean {
  return inPlace.has(codec);
}
