import type { Connection } from "../../server/connection/connection.ts";
import { attempt } from "../../server/telemetry/attempt.ts";
import type { Peer } from "../../server/transport/peer.ts";
import { HttpError } from "../http-error.ts";
import { reasonPhrase } from "../reason-phrase.ts";
import type { RequestHead } from "../request-head.ts";
import { encodeResponseHead } from "../response-head.ts";
import { isStreamed } from "./answer-body.ts";
import { AnswerTarget } from "./answer-target.ts";
import type { HttpContext } from "./handler.ts";
import { type HttpHeaders, headerLines } from "./http-headers.ts";
import { HttpRequest } from "./http-request.ts";
import type { HttpTakeover } from "./http-response.ts";
import type { HttpServiceState } from "./http-service-state.ts";
import type { RequestBody } from "./request-body.ts";
import { RequestError } from "./request-error.ts";
import { ResponseFields } from "./response-fields.ts";

const NO_HEAD = { method: "", version: "1.1" } as const;

/** A request and its answer while they are in progress; a connection has one at a time. */
export class Exchange extends AnswerTarget {
  /** The request; undefined when its head was refused. */
  readonly request: HttpRequest | undefined;
  readonly body: RequestBody | undefined;
  /** Whether the client waits for `100 Continue`. */
  awaitsContinue = false;
  /** Whether the whole answer was handed over to be sent. The rest of the body is then discarded. */
  isAnswered = false;
  /** The function that takes over the connection once the answer is written. */
  handover: HttpTakeover["takeOver"] | undefined;
  /** Keeps the connection open until the answer is sent, also when the client has half-closed it. */
  hold: Disposable | undefined;
  error: unknown;
  #isStopping = false;
  #stopping: AbortController | undefined;
  readonly #startedAtMs: number;
  readonly #startMs: number;

  constructor(
    connection: Connection,
    head: RequestHead | undefined,
    body: RequestBody | undefined,
    service: HttpServiceState,
  ) {
    super(connection, head ?? NO_HEAD, head?.isKeepAlive !== true);
    this.request = head === undefined ? undefined : new HttpRequest(head, body, connection);
    this.body = body;
    this.awaitsContinue = head?.expectsContinue === true;
    const isReported = service.settings.onExchange !== undefined;
    this.#startedAtMs = isReported ? Date.now() : 0;
    this.#startMs = isReported ? performance.now() : 0;
  }

  /**
   * Returns the request for the handler.
   *
   * @throws RequestError 501 for CONNECT, 413 for a body that is too long.
   */
  admit(): HttpRequest {
    const { request } = this;
    // RFC 9110, section 9.3.6: CONNECT asks for a tunnel, which this server does not offer.
    if (request === undefined || request.method === "CONNECT") {
      this.isLast = true;
      throw new RequestError(501, reasonPhrase(501));
    }
    this.body?.checkLength();
    return request;
  }

  /**
   * Whether the unread rest of the body keeps the connection from another request after this answer. False for a streamed answer,
   * which may still read it.
   *
   * @param isRestEmpty - whether no unread bytes of the body have arrived.
   */
  preventsReuseAfter(answer: unknown, isRestEmpty: boolean): boolean {
    return !isStreamed(answer) && this.preventsReuse(isRestEmpty);
  }

  /**
   * Whether the unread rest of the body keeps the connection from another request. RFC 9110, section 10.1.1: a client that still
   * waits for 100 may send the body or not.
   */
  preventsReuse(isRestEmpty: boolean): boolean {
    const { body } = this;
    if (body === undefined || body.hasEnded) return false;
    return body.hasFailed || body.isLong || (this.awaitsContinue && isRestEmpty);
  }

  /** Aborts when the server begins to close. Created at its first use. */
  get stopping(): AbortSignal {
    this.#stopping ??= new AbortController();
    if (this.#isStopping) this.#stopping.abort();
    return this.#stopping.signal;
  }

  /** Aborts {@link stopping}, since the server begins to close. */
  stop(): void {
    this.#isStopping = true;
    this.#stopping?.abort();
  }

  /** Keeps the connection open until {@link releaseHold}. */
  keepOpen(): void {
    this.hold ??= this.connection.hold();
  }

  releaseHold(): void {
    const { hold } = this;
    this.hold = undefined;
    hold?.[Symbol.dispose]();
  }

  /** Calls `onExchange`. */
  report(service: HttpServiceState, bodyBytes: number): void {
    const { onExchange } = service.settings;
    if (onExchange === undefined) return;
    const { request, status, error, connection } = this;
    const durationMs = performance.now() - this.#startMs;
    const info = { request, status, bodyBytes, startedAtMs: this.#startedAtMs, durationMs, peer: connection.peer };
    attempt(
      () => onExchange(error === undefined ? info : { ...info, error }),
      (thrown) => connection.report(thrown),
    );
  }
}

/** The context that a handler receives beside the request. */
export class ConnectionContext implements HttpContext {
  readonly connection: Connection;
  readonly #exchange: Exchange;

  constructor(exchange: Exchange) {
    this.connection = exchange.connection;
    this.#exchange = exchange;
  }

  get peer(): Peer {
    return this.connection.peer;
  }

  get stopping(): AbortSignal {
    return this.#exchange.stopping;
  }

  inform(status: number, headers?: HttpHeaders): void {
    const isInterim = Number.isInteger(status) && status > 101 && status < 200;
    if (!isInterim) throw new HttpError("ERR_SOCKWRIGHT_HTTP_STATUS", `${status}`);
    const { lines } = new ResponseFields(headerLines(headers));
    const head = encodeResponseHead({ status, fields: lines });
    const { connection, hasBegun, isAnswered, version } = this.#exchange;
    // A client of HTTP/1.0 takes it for the answer: RFC 9110, section 15.2.
    if (version === "1.0" || hasBegun || isAnswered || connection.failure !== undefined) return;
    connection.write(head);
  }
}
