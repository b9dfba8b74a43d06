import type { Connection } from "../../server/connection/connection.ts";
import type { FileBody } from "./file-body.ts";
import type { HttpHeaders } from "./http-headers.ts";

/** What the body of a response can be. Text is sent as UTF-8. */
export type HttpBody = string | Uint8Array | AsyncIterable<Uint8Array | string> | FileBody | null;

/**
 * An answer as a plain object. Date, Content-Length or Transfer-Encoding, and Connection are added; a Date that is given stays,
 * and so does a Content-Length, to which the body is held.
 */
export interface HttpResponse {
  /** 200 to 599, or 101 with `upgrade`; default 200. */
  readonly status?: number | undefined;
  /** Default: IANA's phrase. */
  readonly reason?: string | undefined;
  readonly headers?: HttpHeaders | undefined;
  /**
   * Default none. An iterable is sent in chunks, no faster than the client takes it: RFC 9112, section 7.1. When it fails, the
   * connection is reset, since the client must not take what it has for the whole; when the client is lost, its `return` is called.
   */
  readonly body?: HttpBody | undefined;
  /** Sent behind a body in chunks, to clients of HTTP/1.1; a function is called once the body has ended. */
  readonly trailers?: HttpHeaders | (() => HttpHeaders) | undefined;
  /**
   * With status 101: called when the head was sent. The connection is its own from then on, and is read from behind the request. It
   * is closed when what the function returns has settled and nothing else keeps it open, as that of a service.
   */
  readonly upgrade?: ((connection: Connection) => void | Promise<void>) | undefined;
}

/** An answer for who sends it by itself, as `ws` does: nothing is written, and the connection is handed over. */
export interface HttpTakeover {
  /** Called at once; as `upgrade` of an {@link HttpResponse} otherwise. */
  readonly takeOver: (connection: Connection) => void | Promise<void>;
}
