const REASONS = {
  ERR_SOCKWRIGHT_DECODER_ENDED: "push() was called after end()",
  ERR_SOCKWRIGHT_FRAME_MALFORMED: "the frame is malformed",
  ERR_SOCKWRIGHT_FRAME_TOO_LARGE: "the frame is too large",
  ERR_SOCKWRIGHT_FRAME_UNENCODABLE: "the frame cannot be encoded",
  ERR_SOCKWRIGHT_FRAME_UNFINISHED: "the bytes of the inner codec cannot be returned: read its frames to the end first",
  ERR_SOCKWRIGHT_FRAME_UNSKIPPABLE: "nothing tells where the frame ends, so that it cannot be skipped",
  ERR_SOCKWRIGHT_UNEXPECTED_END: "the input ended within the frame",
  ERR_SOCKWRIGHT_UNREAD: "too many pushed bytes are unread: call next() until it returns undefined",
} as const;

/** The `code` of a {@link FrameError}. */
export type FrameErrorCode = keyof typeof REASONS;

/** Where an error occurred. */
interface ErrorLocation {
  readonly codec: string;
  readonly offset?: number | undefined;
  readonly cause?: unknown;
}

/**
 * The error for an invalid frame, or for the stream that it should come from. Match on `code`:
 *
 * | code | when |
 * |---|---|
 * | `ERR_SOCKWRIGHT_DECODER_ENDED` | `push()` after `end()` |
 * | `ERR_SOCKWRIGHT_FRAME_MALFORMED` | the bytes are no frame of this codec |
 * | `ERR_SOCKWRIGHT_FRAME_TOO_LARGE` | a frame of more than `maxFrameBytes`, in either direction |
 * | `ERR_SOCKWRIGHT_FRAME_UNENCODABLE` | `encode()` of a frame that the peer would not decode to the same value |
 * | `ERR_SOCKWRIGHT_FRAME_UNFINISHED` | `rest()` or `release()` of layered codecs, within a frame of the outer one |
 * | `ERR_SOCKWRIGHT_FRAME_UNSKIPPABLE` | `skip()` of a frame whose end is not known; the `cause` is the error of that frame |
 * | `ERR_SOCKWRIGHT_UNEXPECTED_END` | `end()` within a frame |
 * | `ERR_SOCKWRIGHT_UNREAD` | `push()` when more than 1 MiB waits for `next()` |
 *
 * @example
 * ```ts
 * import { FrameError, netstring } from "sockwright/codec";
 *
 * const decoder = netstring().decoder();
 * decoder.push(Buffer.from("2:hi,05:"));
 * console.log(String(decoder.next())); // => hi
 * try {
 *   decoder.next();
 * } catch (error) {
 *   if (!(error instanceof FrameError)) throw error;
 *   console.log(error.code, error.offset); // => ERR_SOCKWRIGHT_FRAME_MALFORMED 5
 *   console.log(error.message); // => netstring, byte 5: the length begins with a zero
 * }
 * ```
 */
export class FrameError extends Error {
  /** The condition; see the table above. */
  readonly code: FrameErrorCode;
  /** The name of the codec. */
  readonly codec: string;
  /** Bytes of the stream before the frame; undefined in `encode()`. */
  readonly offset: number | undefined;

  /** @internal */
  constructor(code: FrameErrorCode, { codec, offset, cause }: ErrorLocation, reason: string = REASONS[code]) {
    const place = offset === undefined ? codec : `${codec}, byte ${offset}`;
    super(`${place}: ${reason}`, cause === undefined ? undefined : { cause });
    this.name = "FrameError";
    this.code = code;
    this.codec = codec;
    this.offset = offset;
  }
}
