import { createHash } from "node:crypto";
import type { Clock } from "../../server/time/clock.ts";
import type { Receipt } from "./chat-hub.ts";

/** How long a tag stands for the message that came with it. */
export const TAG_LIFETIME_MS = 10 * 60 * 1_000;
/** Tags that are remembered; beyond that the oldest are forgotten. */
export const MAX_TAGS = 100_000;

/** A tag is its author's own: with the same word, another one sends another message. */
export function tagKey(token: string, tag: string): string {
  return createHash("sha256").update(`${token}\0${tag}`).digest("base64url");
}

interface Sent {
  readonly receipt: Promise<Receipt>;
  readonly untilMs: number;
}

/** What became of messages that came with a tag, for those who are not sure and send them again. */
export class SentTags {
  readonly #clock: Clock;
  /** Oldest first. */
  readonly #sent = new Map<string, Sent>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get size(): number {
    return this.#sent.size;
  }

  find(key: string): Promise<Receipt> | undefined {
    this.#forgetOld();
    return this.#sent.get(key)?.receipt;
  }

  /** A message that was refused is not remembered: it can be sent again. */
  add(key: string, receipt: Promise<Receipt>, ageMs = 0): void {
    if (this.#sent.size >= MAX_TAGS) this.#forgetFirst();
    this.#sent.set(key, { receipt, untilMs: this.#clock.now() + TAG_LIFETIME_MS - ageMs });
    receipt.catch(() => this.#sent.delete(key));
  }

  #forgetOld(): void {
    const nowMs = this.#clock.now();
    for (const [key, { untilMs }] of this.#sent) {
      if (untilMs > nowMs) return;
      this.#sent.delete(key);
    }
  }

  #forgetFirst(): void {
    for (const key of this.#sent.keys()) {
      this.#sent.delete(key);
      return;
    }
  }
}
