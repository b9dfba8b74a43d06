import { randomBytes } from "node:crypto";
import { WakeUp } from "../wake-up.ts";

/** Messages that the server has not acknowledged yet; more wait where they are typed. The server has so many of one member stored at once. */
export const MAX_UNACKNOWLEDGED = 64;
/** How long a message may be sent again by its tag: the server knows it for ten minutes, of which one is for the way. */
export const REPEAT_MS = 9 * 60_000;

/** A message that was sent, and perhaps not received. */
export interface SentMessage {
  readonly tag: string;
  readonly text: string;
  readonly firstSentMs: number;
}

/** The messages that the server has not acknowledged. Each has a tag, so that the server delivers it once however often it is sent. */
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

  /** The message with that tag has been dealt with; gives it, once. */
  take(tag: string | undefined): SentMessage | undefined {
    const message = tag === undefined ? undefined : this.#messages.get(tag);
    if (message === undefined) return undefined;
    this.#messages.delete(message.tag);
    this.#changed.notify();
    return message;
  }

  /** Those that can be sent again, in order. The others are taken out, since nobody could tell what became of them. */
  repeat(nowMs: number, isSameMember: boolean): { readonly again: SentMessage[]; readonly unknown: SentMessage[] } {
    const all = [...this.#messages.values()];
    // A command, as /kick or /msg, has no tag that the server would remember.
    const canRepeat = ({ firstSentMs, text }: SentMessage): boolean =>
      isSameMember && nowMs - firstSentMs < REPEAT_MS && !/^\/(?!\/|me\s)/.test(text);
    const unknown = all.filter((message) => !canRepeat(message));
    for (const { tag } of unknown) this.take(tag);
    return { again: all.filter(canRepeat), unknown };
  }

  /** Settles when there are at most so many. */
  async until(count: number): Promise<void> {
    while (this.#messages.size > count) await this.#changed.next();
  }
}
