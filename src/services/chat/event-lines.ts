import type { ChatEvent } from "./chat-event.ts";
import { lineOf } from "./line-text.ts";

export type LineEnd = "\n" | "\r\n";

/** The bytes of an event are made once for all members that hear of it, one behind the other. */
export class EventLines {
  #event: ChatEvent | undefined;
  readonly #bytes: Record<LineEnd, Buffer | undefined> = { "\n": undefined, "\r\n": undefined };

  bytesOf(event: ChatEvent, end: LineEnd): Buffer {
    if (event !== this.#event) {
      this.#event = event;
      this.#bytes["\n"] = undefined;
      this.#bytes["\r\n"] = undefined;
    }
    this.#bytes[end] ??= Buffer.from(lineOf(event) + end);
    return this.#bytes[end];
  }
}
