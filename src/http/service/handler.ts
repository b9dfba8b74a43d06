import type { Connection } from "../../server/connection/connection.ts";
import type { Peer } from "../../server/transport/peer.ts";
import type { HttpHeaders } from "./http-headers.ts";
import type { HttpRequest } from "./http-request.ts";
import type { HttpResponse, HttpTakeover } from "./http-response.ts";
import type { PreparedResponse } from "./prepared-response.ts";

/** A function that answers requests. A handler that returns its answer synchronously costs no promise. */
export type HttpHandler = (request: HttpRequest, context: HttpContext) => HttpAnswer | Promise<HttpAnswer>;

/** The answer of a handler: a `Response` of the web platform, a plain object, a prepared response, or a takeover. */
export type HttpAnswer = Response | HttpResponse | PreparedResponse | HttpTakeover;

/** The connection of a request, as a handler receives it beside the request. */
export interface HttpContext {
  readonly connection: Connection;
  readonly peer: Peer;
  /** Aborts when the server begins to close. An answer without an end, such as server-sent events, has to end then. */
  readonly stopping: AbortSignal;
  /**
   * Sends an interim response before the answer, such as 103 Early Hints or 104 Upload Resumption Supported: RFC 9110, section 15.2. It
   * is not sent to a client of HTTP/1.0, after the answer has begun, or when the connection is lost.
   *
   * @param status - 102 to 199; the server itself sends 100 and 101.
   * @throws HttpError for a status or field that cannot be sent.
   * @example
   * ```ts
   * import { http } from "sockwright/http";
   * import { connect, serve } from "sockwright/server";
   *
   * const server = await serve("tcp://127.0.0.1:0", http((_, context) => {
   *   context.inform(103, { Link: "</style.css>; rel=preload; as=style" });
   *   return { body: "hello" };
   * }));
   * const client = await connect(String(server.urls[0]));
   * client.write("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
   * console.log(String(await client.readUntil("\r\n")).trim()); // => HTTP/1.1 103 Early Hints
   * await client.close();
   * await server.close();
   * ```
   */
  inform(status: number, headers?: HttpHeaders): void;
}

/** A request and the result of its answer, as an access log records them. */
export interface HttpExchange {
  /** Undefined when the server has refused the head of the request, or the head did not arrive in time. */
  readonly request: HttpRequest | undefined;
  readonly status: number;
  /** Bytes of the answer's body that were handed over to be sent, without those of the chunk framing. */
  readonly bodyBytes: number;
  /** The time at which the head was complete, by the wall clock, in ms since 1970. */
  readonly startedAtMs: number;
  readonly durationMs: number;
  readonly peer: Peer;
  /** The error that the handler threw, or the reason why the answer was lost. */
  readonly error?: unknown;
}
