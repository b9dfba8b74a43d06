const MESSAGES = {
  ERR_SOCKWRIGHT_HTTP_ANSWER: "The handler must return a response",
  ERR_SOCKWRIGHT_HTTP_BODY: "The body must be of a type that can be sent, and its status must allow a body",
  ERR_SOCKWRIGHT_HTTP_BODY_READ: "The body of the request can be read only once",
  ERR_SOCKWRIGHT_HTTP_FIELD_NAME: "The name of a field must be a token of RFC 9110, section 5.6.2",
  ERR_SOCKWRIGHT_HTTP_FIELD_VALUE:
    "The value of a field must be latin1 text without control characters such as CR, LF or NUL",
  ERR_SOCKWRIGHT_HTTP_FILE_CHANGED: "The file changed while it was sent",
  ERR_SOCKWRIGHT_HTTP_FRAMING: "The handler must not set the framing of a response: the server chooses it",
  ERR_SOCKWRIGHT_HTTP_LENGTH: "Content-Length must be a number, given once, and the length of the body",
  ERR_SOCKWRIGHT_HTTP_REASON: "The reason phrase must be latin1 text without control characters such as CR, LF or NUL",
  ERR_SOCKWRIGHT_HTTP_STATUS:
    "The status must be a whole number from 200 to 599, 101 with an upgrade, or 102 to 199 for an interim response",
  ERR_SOCKWRIGHT_HTTP_TRAILER: "A field of this name must precede the body, and cannot be a trailer",
  ERR_SOCKWRIGHT_HTTP_UPGRADE: "The request must offer an upgrade, and its body must have been read",
} as const;

/** The `code` of an {@link HttpError}. */
export type HttpErrorCode = keyof typeof MESSAGES;

/**
 * The error for a response that cannot be sent, or for a body that cannot be read, because of a mistake in the program; see
 * {@link http}. Match on `code`:
 *
 * | code | when |
 * |---|---|
 * | `ERR_SOCKWRIGHT_HTTP_ANSWER` | the handler returns neither a `Response` nor an object of the right form |
 * | `ERR_SOCKWRIGHT_HTTP_BODY` | a body is not text, bytes, an iterable of them, or a file; or the status does not allow one |
 * | `ERR_SOCKWRIGHT_HTTP_BODY_READ` | the program reads the body of a request a second time |
 * | `ERR_SOCKWRIGHT_HTTP_FIELD_NAME` | the name of a field is not a token |
 * | `ERR_SOCKWRIGHT_HTTP_FIELD_VALUE` | the value of a field has a line end, another control character, or a character beyond latin1 |
 * | `ERR_SOCKWRIGHT_HTTP_FILE_CHANGED` | `isUnchanged` of a file returns false |
 * | `ERR_SOCKWRIGHT_HTTP_FRAMING` | the handler sets Transfer-Encoding |
 * | `ERR_SOCKWRIGHT_HTTP_LENGTH` | the body is longer or shorter than the given Content-Length, or that is not a length |
 * | `ERR_SOCKWRIGHT_HTTP_REASON` | the reason phrase has a line end, another control character, or a character beyond latin1 |
 * | `ERR_SOCKWRIGHT_HTTP_STATUS` | the status is not a whole number from 200 to 599, or 101 with `upgrade` |
 * | `ERR_SOCKWRIGHT_HTTP_TRAILER` | a trailer such as Content-Length must precede the body: RFC 9110, section 6.5.1 |
 * | `ERR_SOCKWRIGHT_HTTP_UPGRADE` | the request does not allow the upgrade or takeover |
 */
export class HttpError extends TypeError {
  /** The condition; see the table above. */
  readonly code: HttpErrorCode;

  /** @internal */
  constructor(code: HttpErrorCode, ...given: [unknown?]) {
    // The message shows only the type of a value that is no text: converting it could throw.
    const what = typeof given[0] === "string" ? JSON.stringify(given[0]) : typeof given[0];
    super(given.length === 0 ? MESSAGES[code] : `${MESSAGES[code]}: ${what}`);
    this.name = "HttpError";
    this.code = code;
  }
}
