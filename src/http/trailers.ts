import type { Fields } from "./fields.ts";

/**
 * Fields that must be known before the body, and therefore cannot be trailers: RFC 9110, section 6.5.1, names message framing,
 * routing, request modifiers, authentication, response controls and the format of the content.
 */
const FORBIDDEN: ReadonlySet<string> = new Set([
  ...[
    "content-length",
    "transfer-encoding",
    "trailer",
    "host",
    "connection",
    "keep-alive",
    "proxy-connection",
    "upgrade",
  ],
  ...["cache-control", "expect", "max-forwards", "pragma", "range", "te", "accept-encoding"],
  ...["if-match", "if-none-match", "if-modified-since", "if-unmodified-since", "if-range"],
  ...["authorization", "proxy-authorization", "proxy-authenticate", "www-authenticate", "cookie", "set-cookie"],
  ...["age", "expires", "date", "location", "retry-after", "vary", "warning"],
  ...["content-encoding", "content-type", "content-range"],
]);

/** Whether a field of this name may be a trailer. */
export function isTrailer(name: string): boolean {
  return !FORBIDDEN.has(name.toLowerCase());
}

/**
 * The fields that may be trailers; the others are dropped, as RFC 9112, section 7.1.2, allows. Refusing them would not be safer,
 * since trailers are never merged into the header section.
 */
export function trailersOf(fields: Fields): Fields {
  return fields.without(FORBIDDEN);
}
