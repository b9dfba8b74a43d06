import type { Connection } from "../../server/connection/connection.ts";
import type { Peer } from "../../server/transport/peer.ts";
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
