import type { MessageLimits } from "../message-limits.ts";
import { RequestHeadParser } from "../request-head-parser.ts";
import type { HttpHandler } from "./handler.ts";
import type { HttpSettings } from "./http-options.ts";

/** What may last no longer than an option says. */
export type TimedPhase = "head" | "body" | "rest" | "idle";

/** What all connections of a service share. */
export class HttpTerms {
  readonly handler: HttpHandler;
  readonly settings: HttpSettings;
  /** How long each phase may take, in ms: it is asked for with each request. */
  readonly timeoutsMs: Readonly<Record<TimedPhase, number>>;
  #spare: RequestHeadParser | undefined;

  constructor(handler: HttpHandler, settings: HttpSettings) {
    this.handler = handler;
    this.settings = settings;
    this.timeoutsMs = {
      head: settings.headTimeoutMs,
      body: settings.bodyTimeoutMs,
      rest: settings.bodyTimeoutMs,
      idle: settings.keepAliveTimeoutMs,
    };
  }

  get limits(): MessageLimits {
    return this.settings;
  }

  /** A parser that holds nothing: the same one for all heads that come in one piece. */
  get parser(): RequestHeadParser {
    this.#spare ??= new RequestHeadParser(this.limits);
    return this.#spare;
  }

  /** It holds the beginning of a head, and belongs to one connection from now on. */
  take(parser: RequestHeadParser): void {
    if (this.#spare === parser) this.#spare = undefined;
  }

  /** It holds nothing any more. */
  giveBack(parser: RequestHeadParser): void {
    this.#spare ??= parser;
  }
}
