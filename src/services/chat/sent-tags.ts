import { createHash } from "node:crypto";
import type { Clock } from "../../server/time/clock.ts";
import type { Receipt } from "./chat-hub.ts";

/** How long the hub recognizes a tag; after that, the same tag sends a new message. */
export const TAG_LIFETIME_MS = 10 * 60 * 1_000;
/** Limits the tags that the hub remembers; beyond it, it forgets the oldest. */
export const MAX_TAGS = 100_000;

/** Returns the key of a tag. It includes the token: the same tag from another author is another message. */
export function tagKey(token: string, tag: string): string {
  return createHash("sha256").update(`${token}\0${tag}`).digest("base64url");
}

interface Sent {
  readonly receipt: Promise<Receipt>;
  readonly untilMs: number;
}

/** The receipts of messages that had a tag, for clients that send a message again because they got no receipt. */
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

  /** Remembers a receipt. A refused message is forgotten, so that it can be sent again. */
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
