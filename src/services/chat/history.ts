import type { ChatMessage } from "./chat-event.ts";

/** A message in the history. */
export interface StoredMessage {
  readonly message: ChatMessage;
  /** Identifies the messages of a room: a room with a key has other messages than the room of the same name without a key. */
  readonly shelf: string;
  readonly tagKey: string | undefined;
}

/** The state from which a hub continues after a start. */
export interface HistoryState {
  /** The largest id ever assigned, also to a message that was deleted. */
  readonly lastId: number;
  /** Messages with a tag since the requested time, oldest first. */
  readonly tagged: readonly { readonly tagKey: string; readonly id: number; readonly timeMs: number }[];
}

/** A query for messages of a room. The result has the newest that match, oldest first. */
export interface HistoryQuery {
  readonly limit: number;
  /** Only messages with smaller ids. */
  readonly before?: number | undefined;
  /** Only messages with larger ids. */
  readonly since?: number | undefined;
  /** Only messages that contain this text, whatever its case. A history may limit how many messages it searches. */
  readonly search?: string | undefined;
}

/** The storage of messages. A call that fails rejects, and the next one may succeed. */
export interface ChatHistory {
  open(taggedSinceMs: number): Promise<HistoryState>;
  /** Stores all messages or none. Once it resolves, they survive a loss of power. Their ids are larger than all before. */
  append(batch: readonly StoredMessage[]): Promise<void>;
  find(shelf: string, query: HistoryQuery): Promise<readonly ChatMessage[]>;
  /** Deletes a batch of the messages from before that time. Returns whether there are more. */
  prune(beforeMs: number): Promise<boolean>;
  close(): Promise<void>;
}
