import type { ChatEvent } from "./chat-event.ts";
import { lineOf } from "./line-text.ts";

export type LineEnd = "\n" | "\r\n";

/** Encodes events as lines, and caches the bytes of the last event for all members that receive it. */
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
