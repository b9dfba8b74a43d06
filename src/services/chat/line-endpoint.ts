import type { Connection } from "../../server/connection/connection.ts";
import type { ChatHub } from "./chat-hub.ts";
import { EventLines } from "./event-lines.ts";
import { LineSession } from "./line-session.ts";

/** The options of the endpoint. */
export interface LineEndpointOptions {
  readonly maxMessageBytes: number;
  /** Bytes that may wait to be sent to one member; beyond it, the server aborts the connection. */
  readonly maxSendQueueBytes: number;
  readonly nameTimeoutMs: number;
}

/** The endpoint of the chat's line protocol, for `nc`, `telnet` and other programs that send lines: see the README. */
export class LineEndpoint {
  readonly hub: ChatHub;
  readonly options: LineEndpointOptions;
  readonly eventLines = new EventLines();

  constructor(hub: ChatHub, options: LineEndpointOptions) {
    this.hub = hub;
    this.options = options;
  }

  serve(connection: Connection): Promise<void> {
    return new LineSession(this, connection).run();
  }
}
