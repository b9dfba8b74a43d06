const MESSAGES = {
  ERR_SOCKWRIGHT_HTTP_ANSWER: "What the handler gives is no answer",
  ERR_SOCKWRIGHT_HTTP_BODY: "The body is of no kind that can be sent, or the status has none",
  ERR_SOCKWRIGHT_HTTP_BODY_READ: "The body of the request has been read, or is being read",
  ERR_SOCKWRIGHT_HTTP_FIELD_NAME: "The name of a field is no token of RFC 9110, section 5.6.2",
  ERR_SOCKWRIGHT_HTTP_FIELD_VALUE: "The value of a field has a letter that none may have, such as CR, LF or NUL",
  ERR_SOCKWRIGHT_HTTP_FILE_CHANGED: "The file was changed while it was sent",
  ERR_SOCKWRIGHT_HTTP_FRAMING: "The framing of a response is not the handler's to choose",
  ERR_SOCKWRIGHT_HTTP_LENGTH: "The body has not the length that Content-Length says",
  ERR_SOCKWRIGHT_HTTP_REASON: "The reason phrase has a letter that none may have, such as CR, LF or NUL",
  ERR_SOCKWRIGHT_HTTP_STATUS: "The status is no whole number from 100 to 599",
  ERR_SOCKWRIGHT_HTTP_TRAILER: "A field of this name is to be known before the body, and is no trailer",
  ERR_SOCKWRIGHT_HTTP_UPGRADE:
    "Nothing can be changed to: the request asks for no upgrade, or has a body that was not read",
} as const;

/** The `code` of an {@link HttpError}. */
export type HttpErrorCode = keyof typeof MESSAGES;

/**
 * The error for a response that cannot be sent, or a body that cannot be read, as the program asks; see {@link http}. Match on `code`:
 *
 * | code | when |
 * |---|---|
 * | `ERR_SOCKWRIGHT_HTTP_ANSWER` | an answer of a handler that is no `Response` and no object of the right form |
 * | `ERR_SOCKWRIGHT_HTTP_BODY` | a body that is neither text nor bytes, nor an iterable of them, nor a file; one with a status that has none |
 * | `ERR_SOCKWRIGHT_HTTP_BODY_READ` | a request's body that is read a second time |
 * | `ERR_SOCKWRIGHT_HTTP_FIELD_NAME` | a field whose name is no token |
 * | `ERR_SOCKWRIGHT_HTTP_FIELD_VALUE` | a field whose value would end its line, has other controls, or letters beyond latin1 |
 * | `ERR_SOCKWRIGHT_HTTP_FILE_CHANGED` | a file whose `isUnchanged` gives false |
 * | `ERR_SOCKWRIGHT_HTTP_FRAMING` | a Transfer-Encoding that a handler gives |
 * | `ERR_SOCKWRIGHT_HTTP_LENGTH` | a body that is longer or shorter than the Content-Length that was given, or one that is no length |
 * | `ERR_SOCKWRIGHT_HTTP_REASON` | the same of a reason phrase |
 * | `ERR_SOCKWRIGHT_HTTP_STATUS` | a status that is none |
 * | `ERR_SOCKWRIGHT_HTTP_TRAILER` | a trailer such as Content-Length: RFC 9110, section 6.5.1 |
 * | `ERR_SOCKWRIGHT_HTTP_UPGRADE` | an upgrade or takeover that the request does not allow |
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
