import { setImmediate } from "node:timers/promises";
import { ChatError } from "./chat-error.ts";
import type { ChatMessage } from "./chat-event.ts";
import type { Receipt } from "./chat-hub.ts";
import type { ChatHistory } from "./history.ts";
import type { Room } from "./room.ts";

/** Limits the messages of one commit; further ones go into the next. */
export const MAX_BATCH_MESSAGES = 1_000;
/** Limits the text delivered in one turn of the event loop; the rest follows in later turns, so that sockets can send and only slow members fall behind. */
export const MAX_DELIVERED_CHARACTERS = 64 * 1024;
/** Limits the text that waits to be committed, of all members together; beyond it, a message fails with UNAVAILABLE. */
export const MAX_PENDING_CHARACTERS = 64 * 1024 * 1024;

/** A message to store and then to deliver. */
export interface NewMessage {
  readonly room: Room;
  readonly from: string;
  readonly kind: ChatMessage["kind"];
  readonly text: string;
  readonly tagKey: string | undefined;
}

/** The owner of the log: the hub that has the rooms. */
export interface LogOwner {
  /** @param room - the room when the message was sent. It may have been emptied and created anew since. */
  readonly deliver: (room: Room, message: ChatMessage) => void;
  readonly onError: (error: unknown) => void;
}

interface Pending {
  readonly message: NewMessage;
  readonly resolve: (receipt: Receipt) => void;
  readonly reject: (error: ChatError) => void;
}

/**
 * The log that assigns ids to messages, stores them, and then delivers them, in one order for all members. Messages of one turn of the
 * event loop, and messages that arrive during a commit, share one commit.
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
  #onEnd: (() => void) | undefined;

  constructor(history: ChatHistory, lastId: number, now: () => number, owner: LogOwner) {
    this.#history = history;
    this.#lastId = lastId;
    this.#deliveredId = lastId;
    this.#now = now;
    this.#owner = owner;
  }

  /** The id of the last delivered message: the history of a new member ends here, and events continue from here. */
  get deliveredId(): number {
    return this.#deliveredId;
  }

  /** Stores and delivers a message. Rejects with UNAVAILABLE if the history fails; then the message is not delivered. */
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

  /** Resolves when every earlier message is stored or refused. */
  async end(): Promise<void> {
    if (!this.#isDue) return;
    await new Promise<void>((resolve) => {
      this.#onEnd = resolve;
    });
  }

  #schedule(): void {
    if (this.#isDue) return;
    this.#isDue = true;
    // Deferred, so that all messages of this turn are in the batch.
    void setImmediate().then(() => this.#commit());
  }

  async #commit(): Promise<void> {
    const batch = this.#pending.splice(0, MAX_BATCH_MESSAGES);
    for (const { message } of batch) this.#pendingCharacters -= message.text.length;
    await this.#store(batch);
    this.#isDue = false;
    if (this.#pending.length > 0) this.#schedule();
    else this.#onEnd?.();
  }

  async #store(batch: readonly Pending[]): Promise<void> {
    const timeMs = this.#now();
    const entries = batch.map((pending) => ({ pending, stored: this.#assignId(pending.message, timeMs) }));
    try {
      await this.#history.append(entries.map(({ stored }) => stored));
    } catch (error) {
      this.#owner.onError(error);
      const refusal = new ChatError("UNAVAILABLE", "Not sent: it could not be stored.", { cause: error });
      for (const { reject } of batch) reject(refusal);
      return;
    }
    let deliveredCharacters = 0;
    for (const { pending, stored } of entries) {
      const { message } = stored;
      if (deliveredCharacters + message.text.length > MAX_DELIVERED_CHARACTERS) {
        await setImmediate();
        deliveredCharacters = 0;
      }
      deliveredCharacters += message.text.length;
      this.#deliveredId = message.id;
      pending.resolve({ id: message.id, timeMs });
      this.#owner.deliver(pending.message.room, message);
    }
  }

  /** Assigns an id, never the same twice: a commit that failed may have stored messages. */
  #assignId({ room, from, kind, text, tagKey }: NewMessage, timeMs: number) {
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
