import { Buffer } from "node:buffer";
import type { Connection } from "../../server/connection/connection.ts";
import type { ByteTaker, Push } from "../../server/connection/push.ts";
import { Refusal } from "../refusal.ts";
import type { RequestHead } from "../request-head.ts";
import type { RequestHeadParser } from "../request-head-parser.ts";
import { answerOfRefusal } from "./error-answer.ts";
import { Exchange } from "./exchange.ts";
import type { HttpResponse } from "./http-response.ts";
import type { HttpTerms, TimedPhase } from "./http-terms.ts";
import { type BodySource, RequestBody } from "./request-body.ts";

export const NOTHING = Buffer.alloc(0);

/**
 * What a connection is at, and what its deadline is for:
 *
 * - `head`: a head is to come, or the rest of it.
 * - `answer`: none; a request is being answered.
 * - `body`: more of a body that is read.
 * - `rest`: what is left of a body that nobody has read.
 * - `idle`: a further request.
 * - `over`: none; the connection is closed, or handed over.
 */
export type Phase = TimedPhase | "answer" | "over";

/** The side of an HTTP connection that reads: requests out of bytes, one at a time; what comes behind one has to wait. */
export abstract class RequestReader implements ByteTaker, BodySource {
  protected readonly terms: HttpTerms;
  protected readonly connection: Connection;
  protected phase: Phase = "head";
  protected push: Push | undefined;
  /** The request in progress. */
  protected exchange: Exchange | undefined;
  /** What has come behind what was used; while there is any, the push is paused. */
  protected rest: Buffer = NOTHING;
  /** While it holds the beginning of a head. */
  #parser: RequestHeadParser | undefined;
  #requests = 0;

  constructor(terms: HttpTerms, connection: Connection) {
    this.terms = terms;
    this.connection = connection;
  }

  abstract ended(failure: Error | undefined): void;
  abstract bodyWanted(): void;
  /** Has the request answered. It is in progress no more where that is done at once. */
  protected abstract serve(exchange: Exchange): void;
  /** Answers what is no request. */
  protected abstract refuse(answer: HttpResponse): void;
  /** Gives the body what it wants of the rest. */
  protected abstract feed(exchange: Exchange, body: RequestBody): void;
  /** All that has come was used. */
  protected abstract await(phase: TimedPhase): void;
  protected abstract handOver(exchange: Exchange, push: Push): void;

  /** Whether a head has begun to come. */
  protected get hasBegunHead(): boolean {
    return this.#parser !== undefined;
  }

  take(bytes: Uint8Array, push: Push): void {
    this.push = push;
    if (this.exchange === undefined) {
      this.#run(bytes, true);
      return;
    }
    this.rest = Buffer.from(bytes);
    if (this.exchange.body === undefined) push.pause();
    else this.feed(this.exchange, this.exchange.body);
  }

  /** Behind what was waited for. */
  protected goOn(): void {
    if (this.exchange === undefined || this.exchange.handover !== undefined) this.#run(this.rest, false);
  }

  /** Heads out of the bytes, and what they ask for, until one of them is to be waited for. */
  #run(given: Uint8Array, areLent: boolean): void {
    let [bytes, isLent, at] = [given, areLent, 0];
    while (at < bytes.length && this.exchange === undefined && this.phase !== "over") {
      const parser = this.#parser ?? this.terms.parser;
      const head = parser.parse(bytes, at, bytes.length);
      if (head === undefined) {
        this.#headIsCut(parser);
        at = bytes.length;
        break;
      }
      at = parser.end;
      this.dropParser();
      if (head instanceof Refusal) {
        this.refuse(answerOfRefusal(head));
        return;
      }
      const exchange = this.#begin(head);
      if (exchange.body === undefined) this.serve(exchange);
      else {
        // The handler may read it at once.
        this.rest = owned(bytes, at, isLent);
        this.serve(exchange);
        [bytes, isLent, at] = [this.rest, false, 0];
      }
    }
    this.#keep(at === bytes.length ? NOTHING : owned(bytes, at, isLent));
  }

  /** Behind what could be done with what has come. */
  #keep(rest: Buffer): void {
    this.rest = rest;
    if (this.phase === "over") return;
    if (this.exchange?.handover !== undefined && this.push !== undefined) this.handOver(this.exchange, this.push);
    else if (rest.length > 0) this.push?.pause();
    else if (this.exchange === undefined) this.await(this.#parser === undefined ? "idle" : "head");
  }

  #begin(head: RequestHead): Exchange {
    const { settings, limits } = this.terms;
    const { framing } = head;
    const body = framing.body === "none" ? undefined : new RequestBody(framing, limits, settings.maxBodyBytes, this);
    const exchange = new Exchange(this.connection, head, body, this.terms);
    this.exchange = exchange;
    this.phase = "answer";
    this.#requests++;
    exchange.isLast ||= this.#requests === settings.maxRequestsPerConnection;
    return exchange;
  }

  #headIsCut(parser: RequestHeadParser): void {
    this.#parser = parser;
    this.terms.take(parser);
  }

  protected dropParser(): void {
    const parser = this.#parser;
    if (parser === undefined) return;
    this.#parser = undefined;
    parser.clear();
    this.terms.giveBack(parser);
  }
}

function owned(bytes: Uint8Array, from: number, isLent: boolean): Buffer {
  const rest = bytes.subarray(from);
  return !isLent && rest instanceof Buffer ? rest : Buffer.from(rest);
}
