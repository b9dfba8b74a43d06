import type { Connection } from "../../server/connection/connection.ts";
import type { ChatHub } from "./chat-hub.ts";
import { EventLines } from "./event-lines.ts";
import { LineSession } from "./line-session.ts";

/** What the door goes by. */
export interface LineDoorOptions {
  readonly maxMessageBytes: number;
  /** What waits for one member; then it is cut off. */
  readonly maxSendQueueBytes: number;
  readonly nameTimeoutMs: number;
}

/** Chat for `nc`, `telnet` and whatever else sends lines: see the README. */
export class LineDoor {
  readonly hub: ChatHub;
  readonly options: LineDoorOptions;
  readonly eventLines = new EventLines();

  constructor(hub: ChatHub, options: LineDoorOptions) {
    this.hub = hub;
    this.options = options;
  }

  serve(connection: Connection): Promise<void> {
    return new LineSession(this, connection).run();
  }
}
