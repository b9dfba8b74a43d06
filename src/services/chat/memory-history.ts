import type { ChatMessage } from "./chat-event.ts";
import type { ChatHistory, HistoryQuery, HistoryState, StoredMessage } from "./history.ts";

/** Limits the messages of one room in memory; beyond it, the history drops the room's oldest. */
export const MAX_ROOM_MESSAGES = 1_000;
/** Limits the messages of all rooms in memory; beyond it, the history drops messages of the room that was silent for longest. */
export const MAX_MEMORY_MESSAGES = 100_000;

/** A history in memory: the newest messages, until the process ends. */
export class MemoryHistory implements ChatHistory {
  /** Ordered by the last message: the most recent is last. */
  readonly #shelves = new Map<string, ChatMessage[]>();
  #count = 0;
  #lastId: number;

  /** @param lastId - the new ids are larger than this. */
  constructor(lastId = 0) {
    this.#lastId = lastId;
  }

  /** The number of stored messages. */
  get size(): number {
    return this.#count;
  }

  async open(): Promise<HistoryState> {
    return { lastId: this.#lastId, tagged: [] };
  }

  async append(batch: readonly StoredMessage[]): Promise<void> {
    for (const { shelf, message } of batch) this.#add(shelf, message);
    while (this.#count > MAX_MEMORY_MESSAGES) this.#forgetShelf();
  }

  async find(shelf: string, { limit, before, since, search }: HistoryQuery): Promise<readonly ChatMessage[]> {
    const text = search?.toLowerCase();
    const found = (this.#shelves.get(shelf) ?? []).filter(
      (message) =>
        (before === undefined || message.id < before) &&
        (since === undefined || message.id > since) &&
        (text === undefined || message.text.toLowerCase().includes(text)),
    );
    return found.slice(-limit);
  }

  async prune(beforeMs: number): Promise<boolean> {
    for (const [shelf, messages] of this.#shelves) {
      const kept = messages.filter(({ timeMs }) => timeMs >= beforeMs);
      this.#count -= messages.length - kept.length;
      if (kept.length === 0) this.#shelves.delete(shelf);
      else this.#shelves.set(shelf, kept);
    }
    return false;
  }

  async close(): Promise<void> {
    this.#shelves.clear();
    this.#count = 0;
  }

  #add(shelf: string, message: ChatMessage): void {
    const messages = this.#shelves.get(shelf) ?? [];
    this.#shelves.delete(shelf);
    this.#shelves.set(shelf, messages);
    messages.push(message);
    this.#lastId = message.id;
    if (messages.length > MAX_ROOM_MESSAGES) messages.shift();
    else this.#count++;
  }

  /** The room that was silent for longest. */
  #forgetShelf(): void {
    for (const [shelf, messages] of this.#shelves) {
      this.#count -= messages.length;
      this.#shelves.delete(shelf);
      return;
    }
  }
}
