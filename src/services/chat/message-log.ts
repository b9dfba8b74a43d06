import { setImmediate } from "node:timers/promises";
import { ChatError } from "./chat-error.ts";
import type { ChatMessage } from "./chat-event.ts";
import type { Receipt } from "./chat-hub.ts";
import type { ChatHistory } from "./history.ts";
import type { Room } from "./room.ts";

/** Messages of one commit; further ones are in the next. */
export const MAX_BATCH_MESSAGES = 1_000;
/** Text that rooms are told in one turn of the event loop: then what was told can leave, and only who is slow falls behind. */
export const MAX_TOLD_CHARACTERS = 64 * 1024;
/** Text that may wait to be committed, of all members together. */
export const MAX_PENDING_CHARACTERS = 64 * 1024 * 1024;

/** A message that is to be stored, and delivered then. */
export interface NewMessage {
  readonly room: Room;
  readonly from: string;
  readonly kind: ChatMessage["kind"];
  readonly text: string;
  readonly tagKey: string | undefined;
}

/** The hub that has the rooms. */
export interface LogOwner {
  /** @param room - as it was when the message was said. By now all may have left it, and others have come. */
  readonly deliver: (room: Room, message: ChatMessage) => void;
  readonly failed: (error: unknown) => void;
}

interface Pending {
  readonly message: NewMessage;
  readonly resolve: (receipt: Receipt) => void;
  readonly reject: (error: ChatError) => void;
}

/**
 * Where messages get their ids: stored first, and then delivered, in one order for all. Those of one turn of the event loop, and those
 * that come while others are being committed, are one commit.
 */
export class MessageLog {
  readonly #history: ChatHistory;
  readonly #now: () => number;
  readonly #owner: LogOwner;
  #pending: Pending[] = [];
  #pendingCharacters = 0;
  #lastId: number;
  #deliveredId: number;
  #isDue = false;
  #ended: (() => void) | undefined;

  constructor(history: ChatHistory, lastId: number, now: () => number, owner: LogOwner) {
    this.#history = history;
    this.#lastId = lastId;
    this.#deliveredId = lastId;
    this.#now = now;
    this.#owner = owner;
  }

  /** Who comes now has history up to here, and hears the rest. */
  get deliveredId(): number {
    return this.#deliveredId;
  }

  /** Rejects with UNAVAILABLE where the history fails: then nobody hears of it. */
  store(message: NewMessage): Promise<Receipt> {
    return new Promise((resolve, reject) => {
      if (this.#pendingCharacters >= MAX_PENDING_CHARACTERS) {
        reject(new ChatError("UNAVAILABLE", "Not sent: too many messages wait to be stored."));
        return;
      }
      this.#pendingCharacters += message.text.length;
      this.#pending.push({ message, resolve, reject });
      this.#schedule();
    });
  }

  /** Settles when all that was given before is stored, or refused. */
  async end(): Promise<void> {
    if (!this.#isDue) return;
    await new Promise<void>((resolve) => {
      this.#ended = resolve;
    });
  }

  #schedule(): void {
    if (this.#isDue) return;
    this.#isDue = true;
    // By then all that the turn has brought is there.
    void setImmediate().then(() => this.#commit());
  }

  async #commit(): Promise<void> {
    const batch = this.#pending.splice(0, MAX_BATCH_MESSAGES);
    for (const { message } of batch) this.#pendingCharacters -= message.text.length;
    await this.#store(batch);
    this.#isDue = false;
    if (this.#pending.length > 0) this.#schedule();
    else this.#ended?.();
  }

  async #store(batch: readonly Pending[]): Promise<void> {
    const timeMs = this.#now();
    const entries = batch.map((pending) => ({ pending, stored: this.#numbered(pending.message, timeMs) }));
    try {
      await this.#history.append(entries.map(({ stored }) => stored));
    } catch (error) {
      this.#owner.failed(error);
      const refusal = new ChatError("UNAVAILABLE", "Not sent: it could not be stored.", { cause: error });
      for (const { reject } of batch) reject(refusal);
      return;
    }
    let told = 0;
    for (const { pending, stored } of entries) {
      const { message } = stored;
      if (told + message.text.length > MAX_TOLD_CHARACTERS) {
        await setImmediate();
        told = 0;
      }
      told += message.text.length;
      this.#deliveredId = message.id;
      pending.resolve({ id: message.id, timeMs });
      this.#owner.deliver(pending.message.room, message);
    }
  }

  /** An id is never given twice: whether a commit that failed has stored anything is not known. */
  #numbered({ room, from, kind, text, tagKey }: NewMessage, timeMs: number) {
    const message: ChatMessage = {
      type: "message",
      id: ++this.#lastId,
      room: room.name.text,
      timeMs,
      from,
      kind,
      text,
    };
    return { message, shelf: room.shelf, tagKey };
  }
}
