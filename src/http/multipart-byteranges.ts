import { Buffer } from "node:buffer";
import { randomBytes } from "node:crypto";
import { type ByteRange, contentRange } from "./byte-ranges.ts";
import { fieldLines } from "./field-lines.ts";

/**
 * Random bytes of a boundary: with 128 random bits, the content has one only by chance, and no writer of the content
 * can know it.
 */
export const BOUNDARY_BYTES = 16;

/** One part of the body: its head, and the range of bytes to send after it. */
interface RangePart {
  readonly head: Buffer;
  readonly range: ByteRange;
}

/** The body of a 206 response with several ranges, RFC 9110, section 14.6: the parts, and then the end. */
export interface MultipartByteRanges {
  /** The value of Content-Type. */
  readonly contentType: string;
  /** The value of Content-Length: heads, ranges and end, in bytes. */
  readonly contentLength: number;
  readonly parts: readonly RangePart[];
  readonly end: Buffer;
}

/**
 * Makes the multipart body for several ranges, without their bytes. RFC 9110, section 15.3.7.2: do not use it for one range.
 *
 * @param length - the length of the whole representation, in bytes.
 * @param mediaType - the media type of the representation, for each part.
 * @throws HttpError for a media type that cannot be sent in a field line.
 */
export function multipartByteRanges(
  ranges: readonly ByteRange[],
  length: number,
  mediaType: string | undefined,
  boundary = randomBytes(BOUNDARY_BYTES).toString("hex"),
): MultipartByteRanges {
  const end = Buffer.from(`\r\n--${boundary}--\r\n`, "latin1");
  let contentLength = end.length;
  const parts = ranges.map((range, index) => {
    const fields: [string, string][] = mediaType === undefined ? [] : [["Content-Type", mediaType]];
    const lines = fieldLines([...fields, ["Content-Range", contentRange(range, length)]]);
    const head = Buffer.from(`${index === 0 ? "" : "\r\n"}--${boundary}\r\n${lines}\r\n`, "latin1");
    contentLength += head.length + range.last - range.first + 1;
    return { head, range };
  });
  return { contentType: `multipart/byteranges; boundary=${boundary}`, contentLength, parts, end };
}
