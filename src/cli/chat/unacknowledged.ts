import { randomBytes } from "node:crypto";
import { WakeUp } from "../wake-up.ts";

/** The most messages without an acknowledgement; further lines wait in the input. The server stores at most 64 of a member at a time. */
export const MAX_UNACKNOWLEDGED = 64;
/** How long a message may be sent again under its tag: the server keeps a tag for ten minutes; one minute is left for the transfer. */
export const REPEAT_MS = 9 * 60_000;

/** A message that was sent, and perhaps not received. */
export interface SentMessage {
  readonly tag: string;
  readonly text: string;
  readonly firstSentMs: number;
}

/** The messages that the server has not acknowledged. Each has a tag, by which the server delivers a repeated message only once. */
export class Unacknowledged {
  readonly #session = randomBytes(8).toString("hex");
  readonly #messages = new Map<string, SentMessage>();
  readonly #changed = new WakeUp();
  #count = 0;

  get size(): number {
    return this.#messages.size;
  }

  add(text: string, nowMs: number): SentMessage {
    const tag = `${this.#session}-${++this.#count}`;
    const message = { tag, text, firstSentMs: nowMs };
    this.#messages.set(tag, message);
    return message;
  }

  /** Removes the message with this tag, and returns it; undefined if there is none. */
  take(tag: string | undefined): SentMessage | undefined {
    const message = tag === undefined ? undefined : this.#messages.get(tag);
    if (message === undefined) return undefined;
    this.#messages.delete(message.tag);
    this.#changed.notify();
    return message;
  }

  /** Returns the messages that can be sent again, in order, and removes the others: whether the server received those is unknown. */
  repeat(nowMs: number, isSameMember: boolean): { readonly again: SentMessage[]; readonly unknown: SentMessage[] } {
    const all = [...this.#messages.values()];
    // The server does not remember the tag of a command such as /kick or /msg.
    const canRepeat = ({ firstSentMs, text }: SentMessage): boolean =>
      isSameMember && nowMs - firstSentMs < REPEAT_MS && !/^\/(?!\/|me\s)/.test(text);
    const unknown = all.filter((message) => !canRepeat(message));
    for (const { tag } of unknown) this.take(tag);
    return { again: all.filter(canRepeat), unknown };
  }

  /** Settles when at most `count` messages are unacknowledged. */
  async until(count: number): Promise<void> {
    while (this.#messages.size > count) await this.#changed.next();
  }
}
