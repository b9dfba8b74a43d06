import { integer, type OptionNames } from "../socket/values.ts";
import { FrameError } from "./frame-error.ts";

/** The default of `maxFrameBytes`: 64 KiB. A larger frame is an error. */
export const DEFAULT_MAX_FRAME_BYTES = 64 * 1024;
/** The highest value of `maxFrameBytes`: about half of the longest string of V8 (`buffer.constants.MAX_STRING_LENGTH`). Above it a codec throws a RangeError. */
export const MAX_FRAME_BYTES = 256 * 1024 * 1024;

/** The option for the largest frame, which nearly every codec has. */
export interface FrameLimit {
  /**
   * The largest frame, in bytes, without its delimiter or header if the codec cuts those off. 1 to 268 435 456 (256 MiB);
   * default 65 536 (64 KiB). A larger frame is an error before memory is allocated for it.
   */
  readonly maxFrameBytes?: number | undefined;
}

/** The option that says who owns the memory of decoded frames. */
export interface FrameOwnership {
  /**
   * False, the default: the caller owns the frames. True: frames are views of the pushed bytes, valid until the next call of the
   * decoder; a frame that came in one piece is not copied.
   */
  readonly borrow?: boolean | undefined;
}

/** The names of the options that most codecs have. */
export const FRAME_OPTIONS: OptionNames<FrameLimit & FrameOwnership> = { maxFrameBytes: true, borrow: true };

/** The advice for a caller that passed only the limit instead of an object. */
export function limitForm(maxFrameBytes: number): string {
  return `, such as { maxFrameBytes: ${maxFrameBytes} }`;
}

/** The largest frame that the options allow. */
export function maxFrameBytesOf(options: FrameLimit): number {
  const { maxFrameBytes = DEFAULT_MAX_FRAME_BYTES } = options;
  return integer("options.maxFrameBytes", maxFrameBytes, 1, MAX_FRAME_BYTES);
}

/** Checks the size of a frame to encode. */
export function checkFrameBytes(codec: string, bytes: number, maxFrameBytes: number): void {
  if (bytes <= maxFrameBytes) return;
  const reason = `the frame has ${bytes} bytes, more than ${maxFrameBytes}`;
  throw new FrameError("ERR_SOCKWRIGHT_FRAME_TOO_LARGE", { codec }, reason);
}

/** The error for a frame that the peer would not decode to the same value. */
export function unencodableError(codec: string, reason: string, cause?: unknown): FrameError {
  return new FrameError("ERR_SOCKWRIGHT_FRAME_UNENCODABLE", { codec, cause }, reason);
}
