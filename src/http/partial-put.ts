/** The bytes that a request with Content-Range has: RFC 9110, section 14.4. */
export interface PartialContent {
  readonly first: number;
  /** The last byte, included. */
  readonly last: number;
  /** The length of the whole; undefined when the client does not know it. */
  readonly length: number | undefined;
}

/** Reads the Content-Range of a request, `bytes 5-9/20` or `bytes 5-9/*`. Undefined: it is malformed, or in another unit. */
export function parsePartialContent(text: string): PartialContent | undefined {
  const [, from, to, total] = /^bytes (\d{1,15})-(\d{1,15})\/(\d{1,15}|\*)$/i.exec(text.trim()) ?? [];
  if (from === undefined || to === undefined || total === undefined) return undefined;
  const [first, last, length] = [Number(from), Number(to), total === "*" ? undefined : Number(total)];
  if (first > last || (length !== undefined && last >= length)) return undefined;
  return { first, last, length };
}
