import type { ChatMessage, LeaveReason } from "./chat-event.ts";
import type { ChatListener } from "./chat-listener.ts";

/** Messages of one answer of the history. */
export const MAX_HISTORY_MESSAGES = 1_000;
/** The longest text that is searched for. */
export const MAX_SEARCH_CHARACTERS = 256;

/** Who comes in, and where. */
export interface JoinRequest {
  readonly name: string;
  readonly room: string;
  /** Of a room that has one. */
  readonly key?: string | undefined;
  /** The address that bans and limits go by: see `limitedAddress`. Undefined where there is none to go by. */
  readonly address: string | undefined;
  /**
   * Proves that a name is one's own: it is taken from the connection that has it. Where nobody has it, the token stays the member's: tags
   * that were sent with it before are known again.
   */
  readonly token?: string | undefined;
  /** History begins behind the message with this id, with the newest 1 000 where there are more; default is the newest 20 messages. */
  readonly since?: number | undefined;
}

/** What a member finds. */
export interface Welcome {
  readonly member: ChatMember;
  /** Of the room, sorted, one's own name among them. */
  readonly members: readonly string[];
  /** `""` is none. */
  readonly topic: string;
  /** Oldest first. */
  readonly history: readonly ChatMessage[];
}

/** What became of a message: it is stored, and no member has heard of it before. */
export interface Receipt {
  readonly id: number;
  readonly timeMs: number;
}

/** A room, for lists. */
export interface RoomInfo {
  readonly name: string;
  readonly members: number;
  readonly hasKey: boolean;
  readonly topic: string;
}

export interface SayOptions {
  readonly kind?: "say" | "me" | undefined;
  /** Repeated within ten minutes by the same name, it gets the same receipt, and is delivered once. */
  readonly tag?: string | undefined;
}

export interface HistoryOptions {
  /** 1 to 1 000; default 20. */
  readonly limit?: number | undefined;
  /** Messages with smaller ids. */
  readonly before?: number | undefined;
  /** Messages that have this text, whatever its case; at most 256 characters. Among the newest 50 000 that are meant. */
  readonly search?: string | undefined;
}

/**
 * A member in a room, as a door has it. Each call that a member may not make, or that cannot be, rejects with a ChatError. After
 * `leave` all do. Each call counts for the rate.
 */
export interface ChatMember {
  readonly name: string;
  readonly room: string;
  /** By which the same person may come again under the name: see {@link JoinRequest.token}. */
  readonly token: string;
  /** Resolves when it is stored, before or after it was delivered to the members, the author among them. */
  say(text: string | Uint8Array, options?: SayOptions): Promise<Receipt>;
  /** A message to one member alone, in whichever room; nothing of it is stored. Resolves when it was given to its door. */
  tell(name: string, text: string | Uint8Array): Promise<void>;
  /** Resolves when the member may say something again; at once while it is below the rate. A door does not read meanwhile. */
  ready(): Promise<void> | undefined;
  move(room: string, key?: string): Promise<Welcome>;
  rename(name: string): Promise<void>;
  who(): Promise<readonly string[]>;
  rooms(): Promise<readonly RoomInfo[]>;
  history(options?: HistoryOptions): Promise<readonly ChatMessage[]>;
  kick(name: string): Promise<void>;
  mute(name: string): Promise<void>;
  unmute(name: string): Promise<void>;
  /**
   * By name and by address, until the room is empty; the member is put out. Who has left already is banned by name.
   *
   * @returns whether the member was there.
   */
  ban(name: string): Promise<boolean>;
  /** `""` takes it away. */
  topic(text: string): Promise<void>;
  /** The door is done with it. A second call does nothing. */
  leave(reason: LeaveReason): void;
}

/**
 * Rooms, members and messages, without any door in it: a door turns what a client sends into calls of a {@link ChatMember}, and what
 * its {@link ChatListener} hears into what the client is sent. No door knows which hub it talks to, in memory or of many machines.
 */
export interface ChatHub {
  /** Opens the history. Rejects with a ChatError or with the error of the file. */
  start(): Promise<void>;
  /** Every message that was acknowledged is stored by then; no call works afterwards. */
  stop(): Promise<void>;
  /**
   * Rejects with a ChatError: NAME_TAKEN, BAD_NAME, BAD_ROOM, BAD_KEY, BANNED, FULL, UNAVAILABLE. What happens in the room meanwhile the
   * listener hears after the promise has resolved, in a later turn of the event loop; the same holds for {@link ChatMember.move}.
   */
  join(request: JoinRequest, listener: ChatListener): Promise<Welcome>;
}
