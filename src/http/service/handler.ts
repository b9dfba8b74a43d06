import type { Connection } from "../../server/connection/connection.ts";
import type { Peer } from "../../server/transport/peer.ts";
import type { HttpRequest } from "./http-request.ts";
import type { HttpResponse, HttpTakeover } from "./http-response.ts";
import type { PreparedResponse } from "./prepared-response.ts";

/** Answers requests. One that gives its answer at once costs no promise. */
export type HttpHandler = (request: HttpRequest, context: HttpContext) => HttpAnswer | Promise<HttpAnswer>;

/** A `Response` of the web platform, a plain object, or one that was encoded beforehand. */
export type HttpAnswer = Response | HttpResponse | PreparedResponse | HttpTakeover;

/** What a request came by. */
export interface HttpContext {
  readonly connection: Connection;
  readonly peer: Peer;
  /** Aborts when the server begins to close: an answer that would never end, such as one of server-sent events, ends then. */
  readonly stopping: AbortSignal;
}

/** A request and what became of it, as an access log has it. */
export interface HttpExchange {
  /** Undefined where its head was refused, or did not come in time. */
  readonly request: HttpRequest | undefined;
  readonly status: number;
  /** Bytes of the answer's body that were handed over to be sent, without those that frame it. */
  readonly bodyBytes: number;
  /** When its head had come, by the wall clock. */
  readonly startedAtMs: number;
  readonly durationMs: number;
  readonly peer: Peer;
  /** What the handler threw, or why the answer was lost. */
  readonly error?: unknown;
}
