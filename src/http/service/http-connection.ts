import { Buffer } from "node:buffer";
import type { Connection } from "../../server/connection/connection.ts";
import type { ConnectionDeadline } from "../../server/connection/connection-deadline.ts";
import type { ConnectionStopper } from "../../server/connection/connection-owner.ts";
import type { LingerOptions } from "../../server/connection/linger.ts";
import type { Push } from "../../server/connection/push.ts";
import { tolerate } from "../../server/connection/unawaited.ts";
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
import type { HttpServiceState, TimedPhase } from "./http-service-state.ts";
import type { RequestBody } from "./request-body.ts";
import { RequestError } from "./request-error.ts";
import { NOTHING, RequestReader } from "./request-reader.ts";

/**
 * How long a connection that closes before it has read all of a request discards further bytes, so that the client can read the
 * answer instead of a reset. Then the socket is closed.
 */
export const CLOSE_LINGER_MS = 10_000;
/** How long such a connection waits for further bytes while none arrive. Then the socket is closed. */
export const CLOSE_LINGER_IDLE_MS = 2_000;
const LINGER: LingerOptions = { lingerMs: CLOSE_LINGER_MS, idleMs: CLOSE_LINGER_IDLE_MS };
/** The name by which a server counts the deadlines of its HTTP connections. */
const DEADLINE = "http";

const CONTINUE = Buffer.from("HTTP/1.1 100 Continue\r\n\r\n");

/** An HTTP connection: reads requests, calls the handler and sends the answers. It keeps nothing of a request after its answer. */
export class HttpConnection extends RequestReader implements ConnectionStopper {
  readonly #deadline: ConnectionDeadline;
  /** Whether the current answer is the last one. */
  #isLast = false;
  #isStopping = false;

  constructor(service: HttpServiceState, connection: Connection) {
    super(service, connection);
    this.#deadline = connection.deadline(DEADLINE, () => this.#expire());
    this.#deadline.start(service.settings.headTimeoutMs);
    connection.stopper = this;
  }

  /** Called after all received bytes, when the client has ended its side or the connection is lost. */
  override onEnd(failure: Error | undefined): void {
    const exchange = this.exchange;
    this.#isLast = true;
    this.dropParser();
    if (exchange === undefined || this.phase === "over") return;
    exchange.body?.fail(failure ?? new RequestError(400, "The body was cut"));
    if (failure !== undefined) exchange.cancel?.();
    else if (exchange.isAnswered) this.#close();
    else whenLost(this.connection, () => exchange.cancel?.());
  }

  /** Called when the server closes. A request in progress is still answered. */
  stop(): void {
    this.#isStopping = true;
    this.#isLast = true;
    this.exchange?.stop();
    if (this.exchange === undefined || this.exchange.isAnswered) this.connection.endInput();
  }

  /** Called by the body of the request in progress when it wants bytes. */
  override resumeBody(): void {
    const exchange = this.exchange;
    if (exchange?.body === undefined) return;
    this.#continue(exchange);
    this.feed(exchange, exchange.body);
  }

  /** Sends 100 Continue unless a part of the body has arrived or the answer has begun: RFC 9110, section 10.1.1. */
  #continue(exchange: Exchange): void {
    if (exchange.awaitsContinue && this.rest.length === 0 && !exchange.hasBegun) this.connection.write(CONTINUE);
    exchange.awaitsContinue = false;
  }

  /** Answers the request. When that is done at once, the request is no longer in progress on return. */
  protected override serve(exchange: Exchange): void {
    let answer: HttpAnswer | PromiseLike<HttpAnswer>;
    let isPromise: boolean;
    if (this.#isStopping) exchange.stop();
    try {
      answer = this.service.handler(exchange.admit(), new ConnectionContext(exchange));
      isPromise = isThenable(answer);
    } catch (error) {
      this.#answerError(exchange, error);
      return;
    }
    if (isPromise) this.#whenDone(exchange, answer, (given) => this.#answer(exchange, given));
    else this.#answer(exchange, answer as HttpAnswer);
  }

  /** Calls `done` with the result of the work, in a microtask or much later, and then continues reading. */
  #whenDone<T>(exchange: Exchange, work: T | PromiseLike<T>, done: (result: T) => void): void {
    exchange.keepOpen();
    // In this phase the deadline limits a read of the body, which goes on.
    if (this.phase !== "body") this.#deadline.cancel();
    promiseOf(work).then(
      (result) => {
        done(result as T);
        this.continueReading();
      },
      (error: unknown) => {
        this.#answerError(exchange, error);
        this.continueReading();
      },
    );
  }

  #answer(exchange: Exchange, answer: HttpAnswer): void {
    if (this.connection.failure !== undefined) {
      dropAnswer(exchange, answer);
      this.#endLost(exchange);
      return;
    }
    let sent: number | Promise<number>;
    try {
      exchange.isLast ||= this.#isLast || exchange.preventsReuseAfter(answer, this.rest.length === 0);
      if (!isObject(answer)) throw new HttpError("ERR_SOCKWRIGHT_HTTP_ANSWER", answer);
      if (beginHandover(exchange, answer)) return;
      // A streamed answer may read the body while it is sent; after its head it is too late for 100 Continue.
      if (isStreamed(answer)) this.#continue(exchange);
      sent = sendAnswer(exchange, answer as HttpResponse);
    } catch (error) {
      this.#answerError(exchange, error);
      return;
    }
    if (typeof sent === "number") this.#finishAnswer(exchange, sent);
    else this.#whenDone(exchange, sent, (bytes) => this.#finishAnswer(exchange, bytes));
  }

  /**
   * Answers after the handler has failed, or its answer could not be sent. When a part of the answer was sent, the connection is
   * aborted, so that the client does not mistake the part for the whole.
   */
  #answerError(exchange: Exchange, thrown: unknown): void {
    exchange.error ??= thrown;
    if (this.connection.failure === undefined && exchange.hasBegun) this.connection.abort(errorOf(thrown));
    if (this.connection.failure !== undefined) {
      this.#endLost(exchange);
      return;
    }
    this.#answer(exchange, this.#answerOfThrown(thrown));
  }

  #answerOfThrown(thrown: unknown): HttpResponse {
    try {
      if (thrown instanceof RequestError) return answerOfError(thrown);
      this.connection.report(thrown);
    } catch (error) {
      // Its headers are invalid, or it is a Proxy that throws at instanceof.
      this.connection.report(error);
    }
    return FAILED;
  }

  /** Ends the exchange of a connection that is lost. */
  #endLost(exchange: Exchange): void {
    exchange.error ??= this.connection.failure;
    this.#endExchange(exchange);
    this.phase = "over";
    exchange.report(this.service, 0);
  }

  #finishAnswer(exchange: Exchange, bodyBytes: number): void {
    const { body } = exchange;
    exchange.isAnswered = true;
    exchange.report(this.service, bodyBytes);
    if (exchange.isLast || this.#isLast || exchange.preventsReuse(this.rest.length === 0)) this.#close();
    else if (body === undefined || body.hasEnded) this.#endWhenWritable(exchange);
    else {
      body.discard();
      this.feed(exchange, body);
    }
  }

  /** Ends the exchange once the connection is writable: a client that does not read its answers gets no further ones. */
  #endWhenWritable(exchange: Exchange): void {
    if (exchange.isWritable) this.#endExchange(exchange);
    else this.#whenDone(exchange, exchange.awaitWritable(), () => this.#endExchange(exchange));
  }

  /** Ends the exchange; the connection can begin another one. */
  #endExchange(exchange: Exchange): void {
    this.exchange = undefined;
    this.phase = "answer";
    exchange.releaseHold();
  }

  /** Passes to the body as much of the received bytes as it wants. */
  protected override feed(exchange: Exchange, body: RequestBody): void {
    this.rest = this.rest.subarray(body.take(this.rest, 0));
    if (exchange.isAnswered && body.hasFailed) this.#close();
    else if (exchange.isAnswered && body.hasEnded) {
      this.#endWhenWritable(exchange);
      this.continueReading();
    } else if (body.isWanted) this.awaitBytes(exchange.isAnswered ? "rest" : "body");
    else {
      if (this.phase === "body") this.#deadline.cancel();
      this.phase = "answer";
      if (this.rest.length > 0) this.push?.pause();
    }
  }

  /** Waits for more bytes, since all received ones are used. */
  protected override awaitBytes(phase: TimedPhase): void {
    // The time of a head starts with its first byte, and that of a discarded body with its start: further bytes extend neither.
    const isContinued = this.phase === phase && phase !== "body";
    this.phase = phase;
    if (!isContinued) this.#deadline.start(this.service.timeoutsMs[phase]);
    this.push?.resume();
  }

  #expire(): void {
    if (this.phase === "body") this.exchange?.body?.fail(new RequestError(408, "The body did not come in time"));
    else if (this.phase === "head" && this.hasBegunHead) this.refuse(answerOfStatus(408));
    else this.#close();
  }

  /** Answers bytes that are not a request, or an incomplete one. */
  protected override refuse(answer: HttpResponse): void {
    this.dropParser();
    const exchange = new Exchange(this.connection, undefined, undefined, this.service);
    this.exchange = exchange;
    this.#answer(exchange, answer);
  }

  #close(): void {
    const exchange = this.exchange;
    this.phase = "over";
    this.rest = NOTHING;
    this.exchange = undefined;
    this.dropParser();
    const isIncomplete =
      exchange !== undefined && (exchange.request === undefined || exchange.body?.hasEnded === false);
    void tolerate(this.connection.close(isIncomplete ? LINGER : undefined));
    exchange?.releaseHold();
  }

  protected override handOver(exchange: Exchange, push: Push): void {
    this.phase = "over";
    this.#deadline.cancel();
    this.connection.stopper = undefined;
    this.exchange = undefined;
    exchange.report(this.service, 0);
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
