import type { Clock } from "../../server/time/clock.ts";
import type { Blockable } from "./block-list.ts";
import { ChatError } from "./chat-error.ts";
import type { ChatEvent, ChatMessage, LeaveReason } from "./chat-event.ts";
import type { ChatMember, HistoryOptions, Receipt, RoomInfo, SayOptions, Welcome } from "./chat-hub.ts";
import type { ChatListener, RemovalReason } from "./chat-listener.ts";
import { MessageRate, type MessageRateOptions } from "./message-rate.ts";
import { messageText } from "./message-text.ts";
import { memberName, type Name, parseName } from "./name.ts";
import type { Room } from "./room.ts";
import { tagKey } from "./sent-tags.ts";

/** Limits the bytes of a room's topic; the hub refuses a longer one with TOO_LONG. */
const MAX_TOPIC_BYTES = 1_024;

/** The methods of the hub that a member uses. */
export interface MemberHub {
  readonly clock: Clock;
  readonly rate: MessageRateOptions;
  readonly maxMessageBytes: number;
  find(nameKey: string): LocalMember | undefined;
  /** Stores a message, and then delivers it. */
  store(member: LocalMember, text: string, kind: ChatMessage["kind"], tagKey: string | undefined): Promise<Receipt>;
  findTag(tagKey: string): Promise<Receipt> | undefined;
  history(room: Room, options: HistoryOptions): Promise<readonly ChatMessage[]>;
  rooms(): readonly RoomInfo[];
  move(member: LocalMember, room: string, key: string | undefined): Promise<Welcome>;
  rename(member: LocalMember, name: Name): void;
  /** Ends a membership, and tells the other members of the room. */
  remove(member: LocalMember, reason: LeaveReason): void;
}

/** The identity of a member apart from its name. */
export interface Identity {
  readonly token: string;
  readonly address: string | undefined;
  /** The rate of the connection whose name is taken over, so that a new connection has no new burst. */
  readonly rate: MessageRate | undefined;
}

/** A member of a hub in this process. */
export class LocalMember implements ChatMember, Blockable {
  key: Name;
  /** Undefined when the membership is over. */
  currentRoom: Room | undefined;
  readonly token: string;
  readonly address: string | undefined;
  readonly rate: MessageRate;
  readonly #hub: MemberHub;
  readonly #listener: ChatListener;
  /** Events between joining a room and the turn after its welcome: the endpoint receives the welcome first. */
  readonly #held: (() => void)[] = [];
  #holds = 0;
  #lastRoom: string;

  constructor(hub: MemberHub, name: Name, room: Room, { token, address, rate }: Identity, listener: ChatListener) {
    this.#hub = hub;
    this.key = name;
    this.currentRoom = room;
    this.#lastRoom = room.name.text;
    this.token = token;
    this.address = address;
    this.#listener = listener;
    this.rate = rate ?? new MessageRate(hub.rate, hub.clock);
  }

  get name(): string {
    return this.key.text;
  }

  get nameKey(): string {
    return this.key.key;
  }

  get room(): string {
    return this.currentRoom?.name.text ?? this.#lastRoom;
  }

  async say(text: string | Uint8Array, { kind = "say", tag }: SayOptions = {}): Promise<Receipt> {
    const room = this.#requireRoom();
    const key = tag === undefined ? undefined : tagKey(this.token, tag);
    const sent = key === undefined ? undefined : this.#hub.findTag(key);
    if (sent !== undefined) return sent;
    const line = messageText(text, this.#hub.maxMessageBytes);
    if (room.mutes.has(this)) throw new ChatError("MUTED", `Not sent: you are muted in ${room.name.text}.`);
    return this.#hub.store(this, line, kind, key);
  }

  async sayTo(name: string, text: string | Uint8Array): Promise<void> {
    this.#requireRoom();
    const line = messageText(text, this.#hub.maxMessageBytes);
    const key = parseName(name);
    const member = key === undefined ? undefined : this.#hub.find(key.key);
    if (member === undefined) throw noSuchMember(name);
    member.deliver({ type: "private", from: this.name, text: line });
  }

  awaitRate(): Promise<void> | undefined {
    return this.currentRoom === undefined ? undefined : this.rate.ready();
  }

  async move(room: string, key?: string): Promise<Welcome> {
    this.#requireRoom();
    return this.#hub.move(this, room, key);
  }

  async rename(name: string): Promise<void> {
    this.#requireRoom();
    this.#hub.rename(this, memberName(name));
  }

  async listMembers(): Promise<readonly string[]> {
    return this.#requireRoom().names;
  }

  async rooms(): Promise<readonly RoomInfo[]> {
    this.#requireRoom();
    return this.#hub.rooms();
  }

  async history(options: HistoryOptions = {}): Promise<readonly ChatMessage[]> {
    return this.#hub.history(this.#requireRoom(), options);
  }

  async kick(name: string): Promise<void> {
    this.#removeMember(this.#requireOther(this.#requireOperatedRoom(), name), "kicked");
  }

  async ban(name: string): Promise<boolean> {
    const room = this.#requireOperatedRoom();
    const key = parseName(name)?.key;
    if (key !== undefined && room.find(key) === undefined) {
      // A member who has left or was kicked is banned by name: its address is no longer known.
      room.bans.add({ nameKey: key, address: undefined });
      return false;
    }
    const other = this.#requireOther(room, name);
    room.bans.add(other);
    this.#removeMember(other, "banned");
    return true;
  }

  async mute(name: string): Promise<void> {
    const room = this.#requireOperatedRoom();
    room.mutes.add(this.#requireOther(room, name));
  }

  async unmute(name: string): Promise<void> {
    const room = this.#requireOperatedRoom();
    const key = parseName(name)?.key;
    const other = key === undefined ? undefined : { nameKey: key, address: room.find(key)?.address };
    if (other === undefined || !room.mutes.has(other))
      throw new ChatError("NO_SUCH_MEMBER", "No muted member has that name.");
    room.mutes.remove(other);
  }

  async setTopic(text: string): Promise<void> {
    const room = this.#requireOperatedRoom();
    room.topic = text === "" ? "" : messageText(text, MAX_TOPIC_BYTES);
    room.broadcast({ type: "topic", room: room.name.text, by: this.name, text: room.topic });
  }

  leave(reason: LeaveReason): void {
    if (this.currentRoom !== undefined) this.#hub.remove(this, reason);
  }

  /** Called by the hub. */
  deliver(event: ChatEvent): void {
    if (this.#holds === 0) this.#listener.receive(event);
    else this.#held.push(() => this.#listener.receive(event));
  }

  /** Holds events back until {@link release}. */
  hold(): void {
    this.#holds++;
  }

  /** Delivers the held events in the next turn, after the caller has received the welcome. */
  release(): void {
    setImmediate(() => {
      this.#holds--;
      if (this.#holds === 0) for (const deliver of this.#held.splice(0)) deliver();
    });
  }

  enter(room: Room): void {
    this.currentRoom = room;
    this.#lastRoom = room.name.text;
  }

  /** Ends the membership. Tells the endpoint if a reason is given. */
  end(reason?: RemovalReason): void {
    this.currentRoom = undefined;
    this.rate.end();
    if (reason === undefined) return;
    if (this.#holds === 0) this.#listener.endMembership(reason);
    else this.#held.push(() => this.#listener.endMembership(reason));
  }

  /** Takes one token of the rate, whether the call succeeds or not. */
  #requireRoom(): Room {
    if (this.currentRoom === undefined) throw new ChatError("NOT_JOINED", "You are in no room.");
    this.rate.take();
    return this.currentRoom;
  }

  #requireOperatedRoom(): Room {
    const room = this.#requireRoom();
    if (room.operator !== this)
      throw new ChatError("NOT_OPERATOR", `Only the operator of ${room.name.text} can: ${room.operator?.name ?? ""}.`);
    return room;
  }

  #requireOther(room: Room, name: string): LocalMember {
    const key = parseName(name);
    const member = key === undefined ? undefined : room.find(key.key);
    if (member === undefined) throw noSuchMember(name, room);
    if (member === this) throw new ChatError("NO_SUCH_MEMBER", "That is you.");
    return member;
  }

  #removeMember(member: LocalMember, reason: "kicked" | "banned"): void {
    this.#hub.remove(member, "kicked");
    member.end(reason);
  }
}

/** Repeats the given text only if it is a valid name. */
function noSuchMember(given: string, room?: Room): ChatError {
  const name = parseName(given);
  const who = room === undefined ? "Nobody" : `Nobody in ${room.name.text}`;
  return new ChatError("NO_SUCH_MEMBER", `${who} has ${name === undefined ? "that name" : `the name ${name.text}`}.`);
}
