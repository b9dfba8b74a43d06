import type { Connection } from "../../server/connection/connection.ts";
import type { FileBody } from "./file-body.ts";
import type { HttpHeaders } from "./http-headers.ts";

/** The body of a response: text, sent as UTF-8; bytes; an iterable of both; a file; or `null` for none. */
export type HttpBody = string | Uint8Array | AsyncIterable<Uint8Array | string> | FileBody | null;

/**
 * A response as a plain object. The server adds Date, Content-Length or Transfer-Encoding, and Connection. It keeps a Date that the
 * handler gives, and a Content-Length, which the body must match.
 */
export interface HttpResponse {
  /** The status code: 200 to 599, or 101 with `upgrade`; default 200. */
  readonly status?: number | undefined;
  /** The reason phrase of the status line; default is the one that IANA registers for the status. */
  readonly reason?: string | undefined;
  /** The header fields; default none. */
  readonly headers?: HttpHeaders | undefined;
  /**
   * The body; default none. The server sends an iterable in chunks, no faster than the client receives them: RFC 9112, section 7.1.
   * When the iterable fails, the server resets the connection, so that the client does not mistake the part for the whole. When the
   * connection is lost, the server calls the iterator's `return`.
   */
  readonly body?: HttpBody | undefined;
  /** Trailer fields, sent after a chunked body to clients of HTTP/1.1. The server calls a function once the body has ended. */
  readonly trailers?: HttpHeaders | (() => HttpHeaders) | undefined;
  /**
   * Takes over the connection after status 101: the server calls it when the head is sent. From then on the connection belongs to
   * the function, and its first bytes are those after the request. As with a service, the server closes the connection when the
   * returned promise has settled and nothing else keeps it open.
   */
  readonly upgrade?: ((connection: Connection) => void | Promise<void>) | undefined;
}

/** An answer that hands the connection over to code that writes the response itself, such as `ws`. The server writes nothing. */
export interface HttpTakeover {
  /** Takes over the connection. The server calls it at once; otherwise it works as `upgrade` of an {@link HttpResponse}. */
  readonly takeOver: (connection: Connection) => void | Promise<void>;
}
