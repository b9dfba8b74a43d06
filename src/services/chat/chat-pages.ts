import { answerOfStatus } from "../../http/service/error-answer.ts";
import type { HttpAnswer, HttpContext } from "../../http/service/handler.ts";
import type { HttpRequest } from "../../http/service/http-request.ts";
import { PageAccess } from "../page-access.ts";
import { PageFiles } from "../page-files.ts";
import type { ChatHub } from "./chat-hub.ts";
import { answerToMember } from "./member-request.ts";
import { WebSocketEndpoint, type WebSocketEndpointOptions } from "./web-socket-endpoint.ts";

export interface ChatPagesOptions extends WebSocketEndpointOptions {
  /** Host names of the pages, in addition to the listener's address and loopback names: see {@link PageAccess}. */
  readonly hosts?: readonly string[] | undefined;
}

/** The HTTP side of a chat: the page, its WebSocket endpoint, and the requests for history and rooms. */
export class ChatPages {
  readonly #access: PageAccess;
  #files: PageFiles | undefined;
  readonly #endpoint: WebSocketEndpoint;

  /** @throws TypeError for an invalid host. */
  constructor(hub: ChatHub, options: ChatPagesOptions = {}) {
    this.#access = new PageAccess(options.hosts);
    this.#endpoint = new WebSocketEndpoint(hub, options);
  }

  /** @throws RequestError. */
  answer(request: HttpRequest, context: HttpContext): HttpAnswer | Promise<HttpAnswer> {
    this.#access.checkHost(request, context);
    switch (request.path) {
      case "/ws":
        this.#access.checkOrigin(request, context);
        return this.#endpoint.answer(request);
      case "/history":
      case "/rooms":
        return answerToMember(this.#endpoint, request);
      default:
        // Loaded on first use: a chat without an HTTP listener needs no files.
        this.#files ??= new PageFiles("chat");
        return this.#files.answer(request) ?? answerOfStatus(404);
    }
  }
}
