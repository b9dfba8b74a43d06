import type { ChatMessage, LeaveReason } from "./chat-event.ts";
import type { ChatListener } from "./chat-listener.ts";

/** Limits the messages in one answer of the history; a larger `limit` returns this many. */
export const MAX_HISTORY_MESSAGES = 1_000;
/** Limits the characters of a text to search for; the hub refuses a longer one with TOO_LONG. */
export const MAX_SEARCH_CHARACTERS = 256;

/** A request to join a room. */
export interface JoinRequest {
  readonly name: string;
  readonly room: string;
  /** The key of the room, if it has one. */
  readonly key?: string | undefined;
  /** The address to which bans and limits apply: see `limitedAddress`. Undefined if no address identifies the client. */
  readonly address: string | undefined;
  /**
   * The token of an earlier membership. It proves that the name is the client's own: the hub takes the name from the connection that
   * has it. If the name is free, the new member gets this token, so that the hub recognizes tags that were sent with it before.
   */
  readonly token?: string | undefined;
  /** The id after which the history begins; of more than 1 000 messages, the newest 1 000. Default: the newest 20 messages. */
  readonly since?: number | undefined;
}

/** The result of joining a room. */
export interface Welcome {
  readonly member: ChatMember;
  /** The names of the room's members, sorted, the new member included. */
  readonly members: readonly string[];
  /** `""` is none. */
  readonly topic: string;
  /** Oldest first. */
  readonly history: readonly ChatMessage[];
}

/** The acknowledgement of a message: the hub has stored it, before it delivered it to any member. */
export interface Receipt {
  readonly id: number;
  readonly timeMs: number;
}

/** A room in a list of rooms. */
export interface RoomInfo {
  readonly name: string;
  readonly members: number;
  readonly hasKey: boolean;
  readonly topic: string;
}

export interface SayOptions {
  readonly kind?: "say" | "me" | undefined;
  /** Identifies the message. If the same token sends it again within ten minutes, the hub returns the same receipt and delivers once. */
  readonly tag?: string | undefined;
}

export interface HistoryOptions {
  /** 1 to 1 000; default 20. */
  readonly limit?: number | undefined;
  /** Only messages with ids smaller than this. */
  readonly before?: number | undefined;
  /** Only messages that contain this text, whatever its case; at most 256 characters. The hub searches the newest 50 000 of the range. */
  readonly search?: string | undefined;
}

/**
 * A member of a room, as an endpoint uses it. A call that the member may not make, or that is invalid, rejects with a ChatError. After
 * `leave`, every call does. Each call counts for the rate.
 */
export interface ChatMember {
  readonly name: string;
  readonly room: string;
  /** Lets the same person take the name again: see {@link JoinRequest.token}. */
  readonly token: string;
  /** Sends a message to the room. Resolves once the hub has stored it, before or after it is delivered to the members, the author included. */
  say(text: string | Uint8Array, options?: SayOptions): Promise<Receipt>;
  /** Sends a message to one member of any room; the hub does not store it. Resolves once that member's endpoint has received it. */
  sayTo(name: string, text: string | Uint8Array): Promise<void>;
  /** Resolves when the member may make a call again; undefined if it may now. The endpoint pauses reading until then. */
  awaitRate(): Promise<void> | undefined;
  move(room: string, key?: string): Promise<Welcome>;
  rename(name: string): Promise<void>;
  listMembers(): Promise<readonly string[]>;
  rooms(): Promise<readonly RoomInfo[]>;
  history(options?: HistoryOptions): Promise<readonly ChatMessage[]>;
  kick(name: string): Promise<void>;
  mute(name: string): Promise<void>;
  unmute(name: string): Promise<void>;
  /**
   * Bans a name and its address until the room is empty, and removes the member. A person who has already left is banned by name only.
   *
   * @returns whether the member was in the room.
   */
  ban(name: string): Promise<boolean>;
  /** Sets the topic; `""` removes it. */
  setTopic(text: string): Promise<void>;
  /** Ends the membership. A second call does nothing. */
  leave(reason: LeaveReason): void;
}

/**
 * The rooms, members and messages of a chat, independent of any protocol. An endpoint translates what a client sends into calls of a
 * {@link ChatMember}, and the events of its {@link ChatListener} into what it sends to the client. An endpoint works with any hub, of one
 * process or of many machines.
 */
export interface ChatHub {
  /** Opens the history. Rejects with a ChatError or with the error of the file. */
  start(): Promise<void>;
  /** Resolves once every acknowledged message is stored. No call works afterwards. */
  stop(): Promise<void>;
  /**
   * Adds a member. Rejects with a ChatError: NAME_TAKEN, BAD_NAME, BAD_ROOM, BAD_KEY, BANNED, FULL, UNAVAILABLE. The listener receives
   * events that occur meanwhile after the promise has resolved, in a later turn of the event loop; the same holds for {@link ChatMember.move}.
   */
  join(request: JoinRequest, listener: ChatListener): Promise<Welcome>;
}
