import { Buffer } from "node:buffer";
import type { Connection, ConnectionStopper, LingerOptions } from "../../server/connection/connection.ts";
import type { ConnectionDeadline } from "../../server/connection/connection-deadline.ts";
import type { Push } from "../../server/connection/push.ts";
import { tolerated } from "../../server/connection/unawaited.ts";
import { errorOf } from "../../server/transport/connection-error.ts";
import { promiseOf } from "../../socket/values.ts";
import { HttpError } from "../http-error.ts";
import { sendAnswer } from "./answer.ts";
import { dropAnswer, isStreamed } from "./answer-body.ts";
import { answerOfError, answerOfStatus, FAILED } from "./error-answer.ts";
import { ConnectionContext, Exchange } from "./exchange.ts";
import { whenLost } from "./half-closed.ts";
import type { HttpAnswer } from "./handler.ts";
import { beginHandover, handOver } from "./handover.ts";
import type { HttpResponse } from "./http-response.ts";
import type { HttpTerms, TimedPhase } from "./http-terms.ts";
import type { RequestBody } from "./request-body.ts";
import { RequestError } from "./request-error.ts";
import { NOTHING, RequestReader } from "./request-reader.ts";

/** How long a connection that is closed before all of a request was read drops what still comes, so that the answer is read. */
export const CLOSE_LINGER_MS = 10_000;
/** How long it drops while nothing comes. */
export const CLOSE_LINGER_IDLE_MS = 2_000;
const CUT: LingerOptions = { lingerMs: CLOSE_LINGER_MS, idleMs: CLOSE_LINGER_IDLE_MS };
/** The name by which a server counts the deadlines of its HTTP connections. */
const DEADLINE = "http";

const CONTINUE = Buffer.from("HTTP/1.1 100 Continue\r\n\r\n");

/** Reads the requests of a connection and has them answered. What it has of one is gone when its answer is. */
export class HttpConnection extends RequestReader implements ConnectionStopper {
  readonly #deadline: ConnectionDeadline;
  /** No further request is answered. */
  #isLast = false;
  #isStopping = false;

  constructor(terms: HttpTerms, connection: Connection) {
    super(terms, connection);
    this.#deadline = connection.deadline(DEADLINE, () => this.#expired());
    this.#deadline.start(terms.settings.headTimeoutMs);
    connection.stopper = this;
  }

  /** All that has come was given: the client sends nothing more, or is lost. */
  override ended(failure: Error | undefined): void {
    const exchange = this.exchange;
    this.#isLast = true;
    this.dropParser();
    if (exchange === undefined || this.phase === "over") return;
    exchange.body?.fail(failure ?? new RequestError(400, "The body was cut"));
    if (failure !== undefined) exchange.cancel?.();
    else if (exchange.isAnswered) this.#close();
    else whenLost(this.connection, () => exchange.cancel?.());
  }

  /** The server closes: who has a request in progress has it answered. */
  stop(): void {
    this.#isStopping = true;
    this.#isLast = true;
    this.exchange?.stop();
    if (this.exchange === undefined || this.exchange.isAnswered) this.connection.endInput();
  }

  /** Called by the body of the request in progress. */
  override bodyWanted(): void {
    const exchange = this.exchange;
    if (exchange?.body === undefined) return;
    this.#continue(exchange);
    this.feed(exchange, exchange.body);
  }

  /** RFC 9110, section 10.1.1: it is not sent where some of the body has come, and never behind the head of the answer. */
  #continue(exchange: Exchange): void {
    if (exchange.awaitsContinue && this.rest.length === 0 && !exchange.hasBegun) this.connection.write(CONTINUE);
    exchange.awaitsContinue = false;
  }

  /** Has the request answered. It is the connection's no more where that is done at once. */
  protected override serve(exchange: Exchange): void {
    let answer: HttpAnswer | PromiseLike<HttpAnswer>;
    let isLater: boolean;
    if (this.#isStopping) exchange.stop();
    try {
      answer = this.terms.handler(exchange.admitted(), new ConnectionContext(exchange));
      isLater = isThenable(answer);
    } catch (error) {
      this.#failed(exchange, error);
      return;
    }
    if (isLater) this.#whenDone(exchange, answer, (given) => this.#answer(exchange, given));
    else this.#answer(exchange, answer as HttpAnswer);
  }

  /** Goes on in a microtask, or much later. */
  #whenDone<T>(exchange: Exchange, work: T | PromiseLike<T>, done: (result: T) => void): void {
    exchange.keepOpen();
    // A body may be waited for already.
    if (this.phase !== "body") this.#deadline.cancel();
    promiseOf(work).then(
      (result) => {
        done(result as T);
        this.goOn();
      },
      (error: unknown) => {
        this.#failed(exchange, error);
        this.goOn();
      },
    );
  }

  #answer(exchange: Exchange, answer: HttpAnswer): void {
    if (this.connection.failure !== undefined) {
      dropAnswer(exchange, answer);
      this.#lost(exchange);
      return;
    }
    let sent: number | Promise<number>;
    try {
      exchange.isLast ||= this.#isLast || exchange.isCutBy(answer, this.rest.length === 0);
      if (!isObject(answer)) throw new HttpError("ERR_SOCKWRIGHT_HTTP_ANSWER", answer);
      if (beginHandover(exchange, answer)) return;
      // It may read the body while it is sent, when it is too late to ask for it.
      if (isStreamed(answer)) this.#continue(exchange);
      sent = sendAnswer(exchange, answer as HttpResponse);
    } catch (error) {
      this.#failed(exchange, error);
      return;
    }
    if (typeof sent === "number") this.#sent(exchange, sent);
    else this.#whenDone(exchange, sent, (bytes) => this.#sent(exchange, bytes));
  }

  /** The handler has failed, or what it gave could not be sent. Where something was, the client must not take it for the whole. */
  #failed(exchange: Exchange, thrown: unknown): void {
    exchange.error ??= thrown;
    if (this.connection.failure === undefined && exchange.hasBegun) this.connection.abort(errorOf(thrown));
    if (this.connection.failure !== undefined) {
      this.#lost(exchange);
      return;
    }
    this.#answer(exchange, this.#answerOfThrown(thrown));
  }

  #answerOfThrown(thrown: unknown): HttpResponse {
    try {
      if (thrown instanceof RequestError) return answerOfError(thrown);
      this.connection.report(thrown);
    } catch (error) {
      // Its headers are none, or it is a proxy that does not tell what it is.
      this.connection.report(error);
    }
    return FAILED;
  }

  /** The connection is lost. */
  #lost(exchange: Exchange): void {
    exchange.error ??= this.connection.failure;
    this.#leave(exchange);
    this.phase = "over";
    exchange.tell(this.terms, 0);
  }

  #sent(exchange: Exchange, bodyBytes: number): void {
    const { body } = exchange;
    exchange.isAnswered = true;
    exchange.tell(this.terms, bodyBytes);
    if (exchange.isLast || this.#isLast || exchange.isCut(this.rest.length === 0)) this.#close();
    else if (body === undefined || body.hasEnded) this.#whenRoom(exchange);
    else {
      body.discard();
      this.feed(exchange, body);
    }
  }

  /** A client that sends requests and reads no answers waits for itself. */
  #whenRoom(exchange: Exchange): void {
    if (exchange.hasRoom) this.#leave(exchange);
    else this.#whenDone(exchange, exchange.drained(), () => this.#leave(exchange));
  }

  /** It is over, and there can be another one. */
  #leave(exchange: Exchange): void {
    this.exchange = undefined;
    this.phase = "answer";
    exchange.letGo();
  }

  /** Gives the body what it wants of what has come. */
  protected override feed(exchange: Exchange, body: RequestBody): void {
    this.rest = this.rest.subarray(body.take(this.rest, 0));
    if (exchange.isAnswered && body.hasFailed) this.#close();
    else if (exchange.isAnswered && body.hasEnded) {
      this.#whenRoom(exchange);
      this.goOn();
    } else if (body.isWanted) this.await(exchange.isAnswered ? "rest" : "body");
    else {
      if (this.phase === "body") this.#deadline.cancel();
      this.phase = "answer";
      if (this.rest.length > 0) this.push?.pause();
    }
  }

  /** All that has come was used. */
  protected override await(phase: TimedPhase): void {
    // A head has its time from its first byte on, and a body that nobody reads has it once, however they trickle.
    const goesOn = this.phase === phase && phase !== "body";
    this.phase = phase;
    if (!goesOn) this.#deadline.start(this.terms.timeoutsMs[phase]);
    this.push?.resume();
  }

  #expired(): void {
    if (this.phase === "body") this.exchange?.body?.fail(new RequestError(408, "The body did not come in time"));
    else if (this.phase === "head" && this.hasBegunHead) this.refuse(answerOfStatus(408));
    else this.#close();
  }

  /** Answers what is no request, or not all of one. */
  protected override refuse(answer: HttpResponse): void {
    this.dropParser();
    const exchange = new Exchange(this.connection, undefined, undefined, this.terms);
    this.exchange = exchange;
    this.#answer(exchange, answer);
  }

  #close(): void {
    const exchange = this.exchange;
    this.phase = "over";
    this.rest = NOTHING;
    this.exchange = undefined;
    this.dropParser();
    const isCut = exchange !== undefined && (exchange.request === undefined || exchange.body?.hasEnded === false);
    void tolerated(this.connection.close(isCut ? CUT : undefined));
    exchange?.letGo();
  }

  protected override handOver(exchange: Exchange, push: Push): void {
    this.phase = "over";
    this.#deadline.cancel();
    this.connection.stopper = undefined;
    this.exchange = undefined;
    exchange.tell(this.terms, 0);
    handOver(exchange, push, this.rest);
    this.rest = NOTHING;
    if (this.#isStopping) this.connection.endInput();
  }
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}

function isThenable(value: unknown): value is PromiseLike<HttpAnswer> {
  return isObject(value) && "then" in value && typeof value.then === "function";
}
