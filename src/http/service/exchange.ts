import type { Connection } from "../../server/connection/connection.ts";
import { attempt } from "../../server/telemetry/attempt.ts";
import type { Peer } from "../../server/transport/peer.ts";
import { reasonPhrase } from "../reason-phrase.ts";
import type { RequestHead } from "../request-head.ts";
import { isStreamed } from "./answer-body.ts";
import { AnswerTarget } from "./answer-target.ts";
import type { HttpContext } from "./handler.ts";
import { HttpRequest } from "./http-request.ts";
import type { HttpTakeover } from "./http-response.ts";
import type { HttpTerms } from "./http-terms.ts";
import type { RequestBody } from "./request-body.ts";
import { RequestError } from "./request-error.ts";

const REFUSED = { method: "", version: "1.1" } as const;

/** A request and its answer, while the connection has no other. */
export class Exchange extends AnswerTarget {
  /** Undefined where the head was refused. */
  readonly request: HttpRequest | undefined;
  readonly body: RequestBody | undefined;
  /** The client waits for `100 Continue`. */
  awaitsContinue = false;
  /** The handler is done, and its answer handed over: what is left of the body is dropped. */
  isAnswered = false;
  /** What the connection is handed to, once the answer is written. */
  handover: HttpTakeover["takeOver"] | undefined;
  /** Keeps the connection open while the answer is worked on and the client may have ended. */
  hold: Disposable | undefined;
  error: unknown;
  #isStopping = false;
  #stopping: AbortController | undefined;
  readonly #startedAtMs: number;
  readonly #startMs: number;

  constructor(connection: Connection, head: RequestHead | undefined, body: RequestBody | undefined, terms: HttpTerms) {
    super(connection, head ?? REFUSED, head?.isKeepAlive !== true);
    this.request = head === undefined ? undefined : new HttpRequest(head, body, connection);
    this.body = body;
    this.awaitsContinue = head?.expectsContinue === true;
    const isTold = terms.settings.onExchange !== undefined;
    this.#startedAtMs = isTold ? Date.now() : 0;
    this.#startMs = isTold ? performance.now() : 0;
  }

  /**
   * The request, for a handler.
   *
   * @throws RequestError for what no handler is asked about.
   */
  admitted(): HttpRequest {
    const { request } = this;
    // RFC 9110, section 9.3.6: a tunnel begins behind it, which nobody makes here.
    if (request === undefined || request.method === "CONNECT") {
      this.isLast = true;
      throw new RequestError(501, reasonPhrase(501));
    }
    this.body?.admit();
    return request;
  }

  /**
   * Whether what is left of the body, behind this answer, keeps the connection from going on. An answer that is streamed may read
   * it still.
   *
   * @param hasNone - nothing of the body has come that was not read.
   */
  isCutBy(answer: unknown, hasNone: boolean): boolean {
    return !isStreamed(answer) && this.isCut(hasNone);
  }

  /** The same once the answer is sent. RFC 9110, section 10.1.1: who still waits for 100 may send the body or not. */
  isCut(hasNone: boolean): boolean {
    const { body } = this;
    if (body === undefined || body.hasEnded) return false;
    return body.hasFailed || body.isLong || (this.awaitsContinue && hasNone);
  }

  /** Made when somebody asks for it. */
  get stopping(): AbortSignal {
    this.#stopping ??= new AbortController();
    if (this.#isStopping) this.#stopping.abort();
    return this.#stopping.signal;
  }

  /** The server closes. */
  stop(): void {
    this.#isStopping = true;
    this.#stopping?.abort();
  }

  /** The connection stays open until the answer has been handed over. */
  keepOpen(): void {
    this.hold ??= this.connection.hold();
  }

  letGo(): void {
    const { hold } = this;
    this.hold = undefined;
    hold?.[Symbol.dispose]();
  }

  /** Tells who wants to know. */
  tell(terms: HttpTerms, bodyBytes: number): void {
    const { onExchange } = terms.settings;
    if (onExchange === undefined) return;
    const { request, status, error, connection } = this;
    const durationMs = performance.now() - this.#startMs;
    const told = { request, status, bodyBytes, startedAtMs: this.#startedAtMs, durationMs, peer: connection.peer };
    attempt(
      () => onExchange(error === undefined ? told : { ...told, error }),
      (thrown) => connection.report(thrown),
    );
  }
}

/** What a handler is given besides the request. */
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
}
