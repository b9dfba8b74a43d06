/** How a response's body is framed, that is, how the client finds its end: RFC 9112, section 6.3. */
export interface ResponseFraming {
  /** `none`: no body is sent. `close`: the body ends with the connection. */
  readonly body: "none" | "length" | "chunked" | "close";
  /** The field that announces the framing, if any. */
  readonly field: readonly [name: string, value: string] | undefined;
}

const NOTHING: ResponseFraming = { body: "none", field: undefined };
const EMPTY: ResponseFraming = { body: "none", field: ["Content-Length", "0"] };
const CHUNKED: ResponseFraming = { body: "chunked", field: ["Transfer-Encoding", "chunked"] };
const CLOSE: ResponseFraming = { body: "close", field: undefined };

/**
 * The framing of a response.
 *
 * @param request - the answered request; `{ method: "", version: "1.1" }` for one whose head was refused.
 * @param length - the length of the body, when it is known.
 */
export function responseFraming(
  request: { readonly method: string; readonly version: "1.0" | "1.1" },
  status: number,
  length: number | undefined,
): ResponseFraming {
  const { method, version } = request;
  // RFC 9110, section 8.6: neither 1xx nor 204, nor a 2xx to CONNECT, may have a length.
  if (status < 200 || status === 204 || (method === "CONNECT" && status < 300)) return NOTHING;
  // RFC 9110, section 15.3.6: a 205 has no content, and the server must say so.
  if (status === 205) return EMPTY;
  const field = length === undefined ? undefined : (["Content-Length", String(length)] as const);
  // Their length is the length of the body that GET, or 200, would have had.
  if (method === "HEAD" || status === 304) return { body: "none", field };
  if (field !== undefined) return { body: "length", field };
  // RFC 9112, section 6.1: no transfer coding for a client that did not announce HTTP/1.1.
  return version === "1.1" ? CHUNKED : CLOSE;
}
