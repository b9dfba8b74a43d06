import { Buffer } from "node:buffer";
import type { Connection } from "../../server/connection/connection.ts";
import type { ByteTaker, Push } from "../../server/connection/push.ts";
import { Refusal } from "../refusal.ts";
import type { RequestHead } from "../request-head.ts";
import type { RequestHeadParser } from "../request-head-parser.ts";
import { answerOfRefusal } from "./error-answer.ts";
import { Exchange } from "./exchange.ts";
import type { HttpResponse } from "./http-response.ts";
import type { HttpServiceState, TimedPhase } from "./http-service-state.ts";
import { type BodySource, RequestBody } from "./request-body.ts";

export const NOTHING = Buffer.alloc(0);

/**
 * The phase of a connection, and what its deadline limits:
 *
 * - `head`: the arrival of a head, or of its rest.
 * - `answer`: no deadline; a request is being answered.
 * - `body`: the arrival of more of a body that is read.
 * - `rest`: the arrival of the rest of a body that is discarded.
 * - `idle`: the arrival of a further request.
 * - `over`: no deadline; the connection is closed, or handed over.
 */
export type Phase = TimedPhase | "answer" | "over";

/** The reading side of an HTTP connection: parses requests one at a time, and keeps the bytes after one until it is answered. */
export abstract class RequestReader implements ByteTaker, BodySource {
  protected readonly service: HttpServiceState;
  protected readonly connection: Connection;
  protected phase: Phase = "head";
  protected push: Push | undefined;
  /** The request in progress. */
  protected exchange: Exchange | undefined;
  /** Received bytes that are not used yet; while there are any, the push is paused. */
  protected rest: Buffer = NOTHING;
  /** The parser while it holds the beginning of a head. */
  #parser: RequestHeadParser | undefined;
  #requests = 0;

  constructor(service: HttpServiceState, connection: Connection) {
    this.service = service;
    this.connection = connection;
  }

  abstract onEnd(failure: Error | undefined): void;
  abstract resumeBody(): void;
  /** Answers the request. When that is done at once, the request is no longer in progress on return. */
  protected abstract serve(exchange: Exchange): void;
  /** Answers bytes that are not a valid request. */
  protected abstract refuse(answer: HttpResponse): void;
  /** Passes to the body as much of the rest as it wants. */
  protected abstract feed(exchange: Exchange, body: RequestBody): void;
  /** Waits for more bytes, since all received ones are used. */
  protected abstract awaitBytes(phase: TimedPhase): void;
  protected abstract handOver(exchange: Exchange, push: Push): void;

  /** Whether the beginning of a head has arrived. */
  protected get hasBegunHead(): boolean {
    return this.#parser !== undefined;
  }

  take(bytes: Uint8Array, push: Push): void {
    this.push = push;
    if (this.exchange === undefined) {
      this.#serveRequests(bytes, true);
      return;
    }
    const { exchange } = this;
    const { body } = exchange;
    const at = body?.takesLent === true ? body.take(bytes as Buffer, 0) : 0;
    this.rest = at === bytes.length ? NOTHING : Buffer.from(at === 0 ? bytes : bytes.subarray(at));
    if (body === undefined) push.pause();
    else this.feed(exchange, body);
  }

  /** Continues with the rest after an asynchronous step. */
  protected continueReading(): void {
    if (this.exchange === undefined || this.exchange.handover !== undefined) this.#serveRequests(this.rest, false);
  }

  /** Parses heads and serves their requests until one is not answered at once, or the bytes end. */
  #serveRequests(given: Uint8Array, areLent: boolean): void {
    let [bytes, isLent, at] = [given, areLent, 0];
    while (at < bytes.length && this.exchange === undefined && this.phase !== "over") {
      const parser = this.#parser ?? this.service.parser;
      const head = parser.parse(bytes, at, bytes.length);
      if (head === undefined) {
        this.#keepParser(parser);
        at = bytes.length;
        break;
      }
      at = parser.end;
      this.dropParser();
      if (head instanceof Refusal) {
        this.refuse(answerOfRefusal(head));
        return;
      }
      const exchange = this.#beginExchange(head);
      if (exchange.body === undefined) this.serve(exchange);
      else {
        // The handler may read the body at once, from the rest.
        this.rest = toOwned(bytes, at, isLent);
        this.serve(exchange);
        [bytes, isLent, at] = [this.rest, false, 0];
      }
    }
    this.#keepRest(at === bytes.length ? NOTHING : toOwned(bytes, at, isLent));
  }

  /** Keeps the unused bytes, and decides whether to hand over, pause, or wait for more. */
  #keepRest(rest: Buffer): void {
    this.rest = rest;
    if (this.phase === "over") return;
    if (this.exchange?.handover !== undefined && this.push !== undefined) this.handOver(this.exchange, this.push);
    else if (rest.length > 0) this.push?.pause();
    else if (this.exchange === undefined) this.awaitBytes(this.#parser === undefined ? "idle" : "head");
  }

  #beginExchange(head: RequestHead): Exchange {
    const { settings, limits } = this.service;
    const { framing } = head;
    const body = framing.body === "none" ? undefined : new RequestBody(framing, limits, settings.maxBodyBytes, this);
    const exchange = new Exchange(this.connection, head, body, this.service);
    this.exchange = exchange;
    this.phase = "answer";
    this.#requests++;
    exchange.isLast ||= this.#requests === settings.maxRequestsPerConnection;
    return exchange;
  }

  #keepParser(parser: RequestHeadParser): void {
    this.#parser = parser;
    this.service.takeParser(parser);
  }

  protected dropParser(): void {
    const parser = this.#parser;
    if (parser === undefined) return;
    this.#parser = undefined;
    parser.clear();
    this.service.returnParser(parser);
  }
}

function toOwned(bytes: Uint8Array, from: number, isLent: boolean): Buffer {
  const rest = bytes.subarray(from);
  return !isLent && rest instanceof Buffer ? rest : Buffer.from(rest);
}
