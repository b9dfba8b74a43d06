const MESSAGES = {
  ERR_SOCKWRIGHT_HTTP_FIELD_NAME: "The name of a field is no token of RFC 9110, section 5.6.2",
  ERR_SOCKWRIGHT_HTTP_FIELD_VALUE: "The value of a field has a letter that none may have, such as CR, LF or NUL",
  ERR_SOCKWRIGHT_HTTP_REASON: "The reason phrase has a letter that none may have, such as CR, LF or NUL",
  ERR_SOCKWRIGHT_HTTP_STATUS: "The status is no whole number from 100 to 599",
  ERR_SOCKWRIGHT_HTTP_TRAILER: "A field of this name is to be known before the body, and is no trailer",
} as const;

/** The `code` of an {@link HttpError}. */
export type HttpErrorCode = keyof typeof MESSAGES;

/**
 * What cannot be sent as it was given. Match on `code`:
 *
 * | code | when |
 * |---|---|
 * | `ERR_SOCKWRIGHT_HTTP_FIELD_NAME` | a field whose name is no token |
 * | `ERR_SOCKWRIGHT_HTTP_FIELD_VALUE` | a field whose value would end its line, has other controls, or letters beyond latin1 |
 * | `ERR_SOCKWRIGHT_HTTP_REASON` | the same of a reason phrase |
 * | `ERR_SOCKWRIGHT_HTTP_STATUS` | a status that is none |
 * | `ERR_SOCKWRIGHT_HTTP_TRAILER` | a trailer such as Content-Length: RFC 9110, section 6.5.1 |
 */
export class HttpError extends TypeError {
  /** Which condition; see the table above. */
  readonly code: HttpErrorCode;

  /** @internal */
  constructor(code: HttpErrorCode, given: unknown) {
    // What is no text is told by its type alone: to make text of it could throw.
    super(`${MESSAGES[code]}: ${typeof given === "string" ? JSON.stringify(given) : typeof given}`);
    this.name = "HttpError";
    this.code = code;
  }
}
