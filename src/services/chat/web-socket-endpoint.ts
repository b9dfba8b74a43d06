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

/** Limits the bytes of a client's message; a longer one ends its connection with 1009. */
const MAX_CLIENT_FRAME_BYTES = 64 * 1024;
/** The versions of the WebSocket protocol that `ws` speaks. */
const VERSIONS: readonly string[] = ["13", "8"];

export interface WebSocketEndpointOptions {
  /** Bytes that may wait to be sent to one member; beyond it, the server aborts the connection. Default 1 MiB. */
  readonly maxSendQueueBytes?: number | undefined;
  /** How long a connection may stay without a name, in ms. Default 60 000. */
  readonly nameTimeoutMs?: number | undefined;
  readonly clock?: Clock | undefined;
}

/** The WebSocket endpoint of a chat, for browsers and programs. */
export class WebSocketEndpoint {
  readonly hub: ChatHub;
  readonly clock: Clock;
  readonly maxSendQueueBytes: number;
  readonly nameTimeoutMs: number;
  readonly frames = new EventFrames();
  readonly #sockets = new WebSocketServer({
    noServer: true,
    clientTracking: false,
    maxPayload: MAX_CLIENT_FRAME_BYTES,
    // All members get the same frame, so compression with a context per connection is not possible.
    perMessageDeflate: false,
  });
  /** By token. */
  readonly #sessions = new Map<string, WebSocketSession>();

  constructor(hub: ChatHub, options: WebSocketEndpointOptions = {}) {
    this.hub = hub;
    this.clock = options.clock ?? systemClock;
    this.maxSendQueueBytes = options.maxSendQueueBytes ?? DEFAULT_MAX_SEND_QUEUE_BYTES;
    this.nameTimeoutMs = options.nameTimeoutMs ?? DEFAULT_NAME_TIMEOUT_MS;
  }

  /**
   * Returns the answer that upgrades the connection to a WebSocket.
   *
   * @throws RequestError 426 for a request of another kind, or of a version that is not spoken here: RFC 6455, section 4.2.2.
   */
  answer(request: HttpRequest): HttpAnswer {
    if (request.upgrade?.toLowerCase() !== "websocket") {
      throw new RequestError(426, "This is for WebSockets", { headers: { Upgrade: "websocket" } });
    }
    // `ws` would answer a wrong version with 400.
    const version = request.headers.get("sec-websocket-version");
    if (version !== undefined && !VERSIONS.includes(version)) {
      const headers = { Upgrade: "websocket", "Sec-WebSocket-Version": VERSIONS.join(", ") };
      throw new RequestError(426, `WebSocket version ${VERSIONS.join(" or ")} is needed`, { headers });
    }
    return { takeOver: (connection) => this.#open(request, connection) };
  }

  /** Returns the member of this endpoint that has this token. */
  findMember(token: string): ChatMember | undefined {
    return this.#sessions.get(token)?.member;
  }

  /** Called by a session. */
  addSession(token: string, session: WebSocketSession): void {
    this.#sessions.set(token, session);
  }

  /** Called by a session. Another session may have taken over its token. */
  removeSession(token: string, session: WebSocketSession): void {
    if (this.#sessions.get(token) === session) this.#sessions.delete(token);
  }

  #open(request: HttpRequest, connection: Connection): void {
    const stream = connection.stream();
    const upgrade = upgradeOf(request);
    // Registered before the listener of `ws`: when the input ends, the session can still send a close frame.
    let session: WebSocketSession | undefined;
    stream.once("end", () => session?.endInput());
    this.#sockets.handleUpgrade(upgrade, stream, Buffer.alloc(0), (socket) => {
      session = new WebSocketSession(this, socket, connection, stream);
    });
  }
}

/** Returns the parts of a request that `ws` reads. */
function upgradeOf(request: HttpRequest): IncomingMessage {
  const headers = Object.fromEntries([...request.headers].map(([name, value]) => [name.toLowerCase(), value]));
  const { method, target: url } = request;
  const upgrade: Pick<IncomingMessage, "method" | "url" | "headers"> = { method, url, headers };
  return upgrade as IncomingMessage;
}
