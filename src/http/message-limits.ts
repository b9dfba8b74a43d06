/** The request line without its CRLF: RFC 9112, section 3, wants 8 000 at least. A longer one is refused with 414. */
export const DEFAULT_MAX_REQUEST_LINE_BYTES = 8 * 1024;
/** A method. A longer one is refused with 501: the longest that IANA lists has 17. */
export const MAX_METHOD_BYTES = 32;
/** Empty lines before a request: RFC 9112, section 2.2, wants one at least. More are refused with 400. */
export const MAX_EMPTY_LINES = 4;
/** All lines of a header section, with the empty line at its end. A request with a longer one is refused with 431. */
export const DEFAULT_MAX_HEADER_BYTES = 32 * 1024;
/** Fields of a header section. A request with more is refused with 431. */
export const DEFAULT_MAX_HEADER_FIELDS = 100;
/** All lines of a trailer section, with the empty line at its end. A request with a longer one is refused with 431. */
export const DEFAULT_MAX_TRAILER_BYTES = 8 * 1024;
/** Fields of a trailer section. A request with more is refused with 431. */
export const DEFAULT_MAX_TRAILER_FIELDS = 32;
/**
 * A chunk's size with its extensions, and the CRLF behind them: RFC 9112, section 7.1.1, wants a limit. A longer line
 * is refused with 400.
 */
export const MAX_CHUNK_LINE_BYTES = 1024;
/** The extensions of all chunks of a body, which are read and ignored. More are refused with 400. */
export const MAX_CHUNK_EXTENSION_BYTES = 16 * 1024;
/** Digits of a chunk's size, leading zeros included. More are refused with 400. */
export const MAX_CHUNK_SIZE_DIGITS = 16;

/** The limits of an HTTP message. The parser refuses a larger one before it allocates memory for it. */
export interface MessageLimits {
  /** Default 8 KiB. */
  readonly maxRequestLineBytes: number;
  /** Default 32 KiB. */
  readonly maxHeaderBytes: number;
  /** Default 100. */
  readonly maxHeaderFields: number;
  /** Default 8 KiB. */
  readonly maxTrailerBytes: number;
  /** Default 32. */
  readonly maxTrailerFields: number;
}

/** The default limits of messages. */
export const DEFAULT_LIMITS: MessageLimits = {
  maxRequestLineBytes: DEFAULT_MAX_REQUEST_LINE_BYTES,
  maxHeaderBytes: DEFAULT_MAX_HEADER_BYTES,
  maxHeaderFields: DEFAULT_MAX_HEADER_FIELDS,
  maxTrailerBytes: DEFAULT_MAX_TRAILER_BYTES,
  maxTrailerFields: DEFAULT_MAX_TRAILER_FIELDS,
};
