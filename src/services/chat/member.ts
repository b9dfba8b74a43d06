import type { Clock } from "../../server/time/clock.ts";
import type { Blockable } from "./block-list.ts";
import { ChatError } from "./chat-error.ts";
import type { ChatEvent, ChatMessage, LeaveReason } from "./chat-event.ts";
import type { ChatMember, HistoryOptions, Receipt, RoomInfo, SayOptions, Welcome } from "./chat-hub.ts";
import type { ChatListener, PutOutReason } from "./chat-listener.ts";
import { MessageRate, type MessageRateOptions } from "./message-rate.ts";
import { messageText } from "./message-text.ts";
import { memberName, type Name, parseName } from "./name.ts";
import type { Room } from "./room.ts";
import { tagKey } from "./sent-tags.ts";

/** Limits the bytes of a room's topic; the hub refuses a longer one with TOO_LONG. */
const MAX_TOPIC_BYTES = 1_024;

/** The methods of the hub that a member uses. */
export interface MemberHome {
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
  home: Room | undefined;
  readonly token: string;
  readonly address: string | undefined;
  readonly rate: MessageRate;
  readonly #hub: MemberHome;
  readonly #listener: ChatListener;
  /** Events between joining a room and the turn after its welcome: the endpoint receives the welcome first. */
  readonly #held: (() => void)[] = [];
  #holds = 0;
  #lastRoom: string;

  constructor(hub: MemberHome, name: Name, room: Room, { token, address, rate }: Identity, listener: ChatListener) {
    this.#hub = hub;
    this.key = name;
    this.home = room;
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
    return this.home?.name.text ?? this.#lastRoom;
  }

  async say(text: string | Uint8Array, { kind = "say", tag }: SayOptions = {}): Promise<Receipt> {
    const room = this.#present();
    const key = tag === undefined ? undefined : tagKey(this.token, tag);
    const sent = key === undefined ? undefined : this.#hub.findTag(key);
    if (sent !== undefined) return sent;
    const line = messageText(text, this.#hub.maxMessageBytes);
    if (room.mutes.has(this)) throw new ChatError("MUTED", `Not sent: you are muted in ${room.name.text}.`);
    return this.#hub.store(this, line, kind, key);
  }

  async tell(name: string, text: string | Uint8Array): Promise<void> {
    this.#present();
    const line = messageText(text, this.#hub.maxMessageBytes);
    const key = parseName(name);
    const member = key === undefined ? undefined : this.#hub.find(key.key);
    if (member === undefined) throw nobodyHas(name);
    member.hear({ type: "private", from: this.name, text: line });
  }

  ready(): Promise<void> | undefined {
    return this.home === undefined ? undefined : this.rate.ready();
  }

  async move(room: string, key?: string): Promise<Welcome> {
    this.#present();
    return this.#hub.move(this, room, key);
  }

  async rename(name: string): Promise<void> {
    this.#present();
    this.#hub.rename(this, memberName(name));
  }

  async who(): Promise<readonly string[]> {
    return this.#present().names;
  }

  async rooms(): Promise<readonly RoomInfo[]> {
    this.#present();
    return this.#hub.rooms();
  }

  async history(options: HistoryOptions = {}): Promise<readonly ChatMessage[]> {
    return this.#hub.history(this.#present(), options);
  }

  async kick(name: string): Promise<void> {
    this.#putOut(this.#otherIn(this.#operated(), name), "kicked");
  }

  async ban(name: string): Promise<boolean> {
    const room = this.#operated();
    const key = parseName(name)?.key;
    if (key !== undefined && room.find(key) === undefined) {
      // A member who has left or was kicked is banned by name: its address is no longer known.
      room.bans.add({ nameKey: key, address: undefined });
      return false;
    }
    const other = this.#otherIn(room, name);
    room.bans.add(other);
    this.#putOut(other, "banned");
    return true;
  }

  async mute(name: string): Promise<void> {
    const room = this.#operated();
    room.mutes.add(this.#otherIn(room, name));
  }

  async unmute(name: string): Promise<void> {
    const room = this.#operated();
    const key = parseName(name)?.key;
    const other = key === undefined ? undefined : { nameKey: key, address: room.find(key)?.address };
    if (other === undefined || !room.mutes.has(other))
      throw new ChatError("NO_SUCH_MEMBER", "No muted member has that name.");
    room.mutes.remove(other);
  }

  async topic(text: string): Promise<void> {
    const room = this.#operated();
    room.topic = text === "" ? "" : messageText(text, MAX_TOPIC_BYTES);
    room.tell({ type: "topic", room: room.name.text, by: this.name, text: room.topic });
  }

  leave(reason: LeaveReason): void {
    if (this.home !== undefined) this.#hub.remove(this, reason);
  }

  /** Called by the hub. */
  hear(event: ChatEvent): void {
    if (this.#holds === 0) this.#listener.hear(event);
    else this.#held.push(() => this.#listener.hear(event));
  }

  /** Holds events back until {@link release}. */
  hold(): void {
    this.#holds++;
  }

  /** Delivers the held events in the next turn, after the caller has received the welcome. */
  release(): void {
    setImmediate(() => {
      this.#holds--;
      if (this.#holds === 0) for (const tell of this.#held.splice(0)) tell();
    });
  }

  enter(room: Room): void {
    this.home = room;
    this.#lastRoom = room.name.text;
  }

  /** Ends the membership. Tells the endpoint if a reason is given. */
  end(reason?: PutOutReason): void {
    this.home = undefined;
    this.rate.end();
    if (reason === undefined) return;
    if (this.#holds === 0) this.#listener.putOut(reason);
    else this.#held.push(() => this.#listener.putOut(reason));
  }

  /** Takes one token of the rate, whether the call succeeds or not. */
  #present(): Room {
    if (this.home === undefined) throw new ChatError("NOT_JOINED", "You are in no room.");
    this.rate.take();
    return this.home;
  }

  #operated(): Room {
    const room = this.#present();
    if (room.operator !== this)
      throw new ChatError("NOT_OPERATOR", `Only the operator of ${room.name.text} can: ${room.operator?.name ?? ""}.`);
    return room;
  }

  #otherIn(room: Room, name: string): LocalMember {
    const key = parseName(name);
    const member = key === undefined ? undefined : room.find(key.key);
    if (member === undefined) throw nobodyHas(name, room);
    if (member === this) throw new ChatError("NO_SUCH_MEMBER", "That is you.");
    return member;
  }

  #putOut(member: LocalMember, reason: "kicked" | "banned"): void {
    this.#hub.remove(member, "kicked");
    member.end(reason);
  }
}

/** Repeats the given text only if it is a valid name. */
function nobodyHas(given: string, room?: Room): ChatError {
  const name = parseName(given);
  const who = room === undefined ? "Nobody" : `Nobody in ${room.name.text}`;
  return new ChatError("NO_SUCH_MEMBER", `${who} has ${name === undefined ? "that name" : `the name ${name.text}`}.`);
}
