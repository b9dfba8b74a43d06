import type { MessageLimits } from "../message-limits.ts";
import { RequestHeadParser } from "../request-head-parser.ts";
import type { HttpHandler } from "./handler.ts";
import type { HttpSettings } from "./http-options.ts";

/** A phase of a connection whose duration an option limits. */
export type TimedPhase = "head" | "body" | "rest" | "idle";

/** The handler, the settings and the spare parser that all connections of a service share. */
export class HttpServiceState {
  readonly handler: HttpHandler;
  readonly settings: HttpSettings;
  /** The time-out of each phase, in ms, in a table since each request looks it up. */
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

  /** An empty parser. All heads that arrive in one piece use the same one. */
  get parser(): RequestHeadParser {
    this.#spare ??= new RequestHeadParser(this.limits);
    return this.#spare;
  }

  /** Gives a parser to one connection, since it holds the beginning of a head. */
  takeParser(parser: RequestHeadParser): void {
    if (this.#spare === parser) this.#spare = undefined;
  }

  /** Takes an empty parser back. */
  returnParser(parser: RequestHeadParser): void {
    this.#spare ??= parser;
  }
}
