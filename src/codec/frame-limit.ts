import { integer, type OptionNames } from "../socket/values.ts";
import { FrameError } from "./frame-error.ts";

/** What a frame may have where nothing else is said. */
export const DEFAULT_MAX_FRAME_BYTES = 64 * 1024;
/** What can be allowed at most: about half of the longest string that V8 makes (`buffer.constants.MAX_STRING_LENGTH`). */
export const MAX_FRAME_BYTES = 256 * 1024 * 1024;

/** The limit that every codec has. */
export interface FrameLimit {
  /**
   * The bytes of a frame, as it is given and taken: without its delimiter or header where those are cut off. 1 to
   * 268 435 456 (256 MiB); default 65 536 (64 KiB). A larger frame is an error before memory is taken for it.
   */
  readonly maxFrameBytes?: number | undefined;
}

/** Who owns the memory of the frames that a decoder gives. */
export interface FrameOwnership {
  /**
   * False, the default: frames are the caller's own. True: frames are views of what was pushed, valid until the next call
   * of the decoder, and nothing is copied for them where a frame came in one piece.
   */
  readonly borrow?: boolean | undefined;
}

/** What the options of most codecs are called. */
export const FRAME_OPTIONS: OptionNames<FrameLimit & FrameOwnership> = { maxFrameBytes: true, borrow: true };

/** In place of the limit alone. */
export function limitForm(maxFrameBytes: unknown): string {
  return `, such as { maxFrameBytes: ${maxFrameBytes} }`;
}

/** The limit that the options ask for. */
export function maxFrameBytesOf(options: FrameLimit): number {
  const { maxFrameBytes = DEFAULT_MAX_FRAME_BYTES } = options;
  return integer("options.maxFrameBytes", maxFrameBytes, 1, MAX_FRAME_BYTES);
}

/** A frame that is to be encoded has so many bytes. */
export function checkFrameBytes(codec: string, bytes: number, maxFrameBytes: number): void {
  if (bytes <= maxFrameBytes) return;
  const reason = `the frame has ${bytes} bytes, more than ${maxFrameBytes}`;
  throw new FrameError("ERR_SOCKWRIGHT_FRAME_TOO_LARGE", { codec }, reason);
}

/** A frame that would not come out the same at the other end. */
export function unencodable(codec: string, reason: string, cause?: unknown): FrameError {
  return new FrameError("ERR_SOCKWRIGHT_FRAME_UNENCODABLE", { codec, cause }, reason);
}
