/** How the end of a response's body is told: RFC 9112, section 6.3. */
export interface ResponseFraming {
  /** `none`: whatever body there is, it is not sent. `close`: it ends with the connection. */
  readonly body: "none" | "length" | "chunked" | "close";
  /** The field that says it, if any. */
  readonly field: readonly [name: string, value: string] | undefined;
}

const NOTHING: ResponseFraming = { body: "none", field: undefined };
const EMPTY: ResponseFraming = { body: "none", field: ["Content-Length", "0"] };
const CHUNKED: ResponseFraming = { body: "chunked", field: ["Transfer-Encoding", "chunked"] };
const CLOSE: ResponseFraming = { body: "close", field: undefined };

/**
 * How a response is framed.
 *
 * @param request - what is answered; one whose head was refused is answered as `{ method: "", version: "1.1" }`.
 * @param length - of the body, where it is known.
 */
export function responseFraming(
  request: { readonly method: string; readonly version: "1.0" | "1.1" },
  status: number,
  length: number | undefined,
): ResponseFraming {
  const { method, version } = request;
  // RFC 9110, section 8.6: neither 1xx nor 204, nor a 2xx to CONNECT, may have a length.
  if (status < 200 || status === 204 || (method === "CONNECT" && status < 300)) return NOTHING;
  // RFC 9110, section 15.3.6: no content may be generated for it, and its end is to be told.
  if (status === 205) return EMPTY;
  const field = length === undefined ? undefined : (["Content-Length", String(length)] as const);
  // Their length is that of what GET, or 200, would have brought.
  if (method === "HEAD" || status === 304) return { body: "none", field };
  if (field !== undefined) return { body: "length", field };
  // RFC 9112, section 6.1: no coding for who has not said to be of HTTP/1.1.
  return version === "1.1" ? CHUNKED : CLOSE;
}
