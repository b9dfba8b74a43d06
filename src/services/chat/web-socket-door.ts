import type { IncomingMessage } from "node:http";
import { WebSocketServer } from "ws";
import type { HttpAnswer } from "../../http/service/handler.ts";
import type { HttpRequest } from "../../http/service/http-request.ts";
import { RequestError } from "../../http/service/request-error.ts";
import type { Connection } from "../../server/connection/connection.ts";
import { type Clock, systemClock } from "../../server/time/clock.ts";
import type { ChatHub, ChatMember } from "./chat-hub.ts";
import { DEFAULT_MAX_SEND_QUEUE_BYTES, DEFAULT_NAME_TIMEOUT_MS } from "./chat-options.ts";
import { EventFrames } from "./server-frame.ts";
import { WebSocketSession } from "./web-socket-session.ts";

/** The longest message of a client; a longer one ends its connection with 1009. */
const MAX_CLIENT_FRAME_BYTES = 64 * 1024;
export interface WebSocketDoorOptions {
  /** What may wait to be sent to one member; beyond it the member is cut off. Default 1 MiB. */
  readonly maxSendQueueBytes?: number | undefined;
  /** How long a connection may be without a name. Default 60 s. */
  readonly nameTimeoutMs?: number | undefined;
  readonly clock?: Clock | undefined;
}

/** The door of a hub for browsers, and for programs that speak as they do. */
export class WebSocketDoor {
  readonly hub: ChatHub;
  readonly clock: Clock;
  readonly maxSendQueueBytes: number;
  readonly nameTimeoutMs: number;
  readonly frames = new EventFrames();
  readonly #sockets = new WebSocketServer({
    noServer: true,
    clientTracking: false,
    maxPayload: MAX_CLIENT_FRAME_BYTES,
    // One frame is for all members: there is nothing that would be compressed with what one of them has seen.
    perMessageDeflate: false,
  });
  /** By token. */
  readonly #sessions = new Map<string, WebSocketSession>();

  constructor(hub: ChatHub, options: WebSocketDoorOptions = {}) {
    this.hub = hub;
    this.clock = options.clock ?? systemClock;
    this.maxSendQueueBytes = options.maxSendQueueBytes ?? DEFAULT_MAX_SEND_QUEUE_BYTES;
    this.nameTimeoutMs = options.nameTimeoutMs ?? DEFAULT_NAME_TIMEOUT_MS;
  }

  /**
   * The answer to a request for a WebSocket, which is the connection from then on.
   *
   * @throws RequestError 426 for a request of another kind.
   */
  answer(request: HttpRequest): HttpAnswer {
    if (request.upgrade?.toLowerCase() !== "websocket") {
      throw new RequestError(426, "This is for WebSockets", { headers: { Upgrade: "websocket" } });
    }
    return { takeOver: (connection) => this.#open(request, connection) };
  }

  /** The member that has this token, if it came by this door. */
  member(token: string): ChatMember | undefined {
    return this.#sessions.get(token)?.member;
  }

  /** Called by a session. */
  entered(token: string, session: WebSocketSession): void {
    this.#sessions.set(token, session);
  }

  /** Called by a session. Its token may be another one's by now. */
  gone(token: string, session: WebSocketSession): void {
    if (this.#sessions.get(token) === session) this.#sessions.delete(token);
  }

  #open(request: HttpRequest, connection: Connection): void {
    const stream = connection.stream();
    const upgrade = upgradeOf(request);
    // Before the listener of `ws`: who serves ends what it reads, and then there is time for a word.
    let session: WebSocketSession | undefined;
    stream.once("end", () => session?.inputEnded());
    this.#sockets.handleUpgrade(upgrade, stream, Buffer.alloc(0), (socket) => {
      session = new WebSocketSession(this, socket, connection, stream);
    });
  }
}

/** What `ws` looks at of a request. */
function upgradeOf(request: HttpRequest): IncomingMessage {
  const headers = Object.fromEntries([...request.headers].map(([name, value]) => [name.toLowerCase(), value]));
  const { method, target: url } = request;
  const upgrade: Pick<IncomingMessage, "method" | "url" | "headers"> = { method, url, headers };
  return upgrade as IncomingMessage;
}
