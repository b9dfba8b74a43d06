import type { ChatMessage } from "./chat-event.ts";

/** A message as it is stored. */
export interface StoredMessage {
  readonly message: ChatMessage;
  /** What its room's messages are found by: a room with a key has other ones than the room of that name without. */
  readonly shelf: string;
  readonly tagKey: string | undefined;
}

/** What a hub goes on from. */
export interface HistoryState {
  /** The largest that was ever given, also to a message that is stored no more. */
  readonly lastId: number;
  /** Messages with a tag since the time that was asked for, oldest first. */
  readonly tagged: readonly { readonly tagKey: string; readonly id: number; readonly timeMs: number }[];
}

/** Which messages of a room: the newest of those that are meant, oldest first. */
export interface HistoryQuery {
  readonly limit: number;
  /** With smaller ids. */
  readonly before?: number | undefined;
  /** With larger ids. */
  readonly since?: number | undefined;
  /** With this text in them, whatever its case. A history may look at no more than some thousands of messages. */
  readonly search?: string | undefined;
}

/** Where messages are kept. A call that fails rejects, and the next one may succeed. */
export interface ChatHistory {
  open(taggedSinceMs: number): Promise<HistoryState>;
  /** All of them or none; when it has resolved, no loss of power takes them away. Their ids are larger than any before. */
  append(batch: readonly StoredMessage[]): Promise<void>;
  find(shelf: string, query: HistoryQuery): Promise<readonly ChatMessage[]>;
  /** Forgets messages of before that time, some at once: whether there are more. */
  prune(beforeMs: number): Promise<boolean>;
  close(): Promise<void>;
}
