import { randomBytes, timingSafeEqual } from "node:crypto";
import { attempt } from "../../server/telemetry/attempt.ts";
import { type Clock, systemClock } from "../../server/time/clock.ts";
import { ChatError } from "./chat-error.ts";
import type { ChatMessage, LeaveReason } from "./chat-event.ts";
import {
  type ChatHub,
  type HistoryOptions,
  type JoinRequest,
  MAX_HISTORY_MESSAGES,
  MAX_SEARCH_CHARACTERS,
  type Receipt,
  type RoomInfo,
  type Welcome,
} from "./chat-hub.ts";
import type { ChatListener } from "./chat-listener.ts";
import type { ChatHistory } from "./history.ts";
import { LocalMember, type MemberHub } from "./member.ts";
import { MessageLog } from "./message-log.ts";
import type { MessageRateOptions } from "./message-rate.ts";
import { LOBBY, memberName, type Name, roomName } from "./name.ts";
import { Room } from "./room.ts";
import { SentTags, TAG_LIFETIME_MS } from "./sent-tags.ts";

/** The messages of the history that a new member gets; older ones are read on request. */
const DEFAULT_HISTORY_MESSAGES = 20;
/** The interval between two deletions of old messages; a message may outlive `retainMs` by it. */
const PRUNE_INTERVAL_MS = 60 * 60 * 1_000;
/** The pause between two batches of a deletion, in which the process handles other events. */
const PRUNE_PAUSE_MS = 100;

/** 128 bits in base64url. */
const TOKEN = /^[\w-]{22}$/;
/** Random bytes of a member's token. */
const TOKEN_BYTES = 16;

/** The options of a hub. */
export interface HubOptions {
  readonly rate: MessageRateOptions;
  readonly maxMessageBytes: number;
  readonly maxMembers: number;
  readonly maxRooms: number;
  /** Members with one address; those without an address have no such limit. */
  readonly maxConnectionsPerAddress: number;
  /** How long the history keeps messages, in ms; undefined is for ever. */
  readonly retainMs: number | undefined;
  /** Called with the error when the history fails. */
  readonly onError?: ((error: unknown) => void) | undefined;
  readonly clock?: Clock | undefined;
  /** Milliseconds since 1970. */
  readonly now?: (() => number) | undefined;
}

/** The hub of a chat in one process. */
export class LocalHub implements ChatHub, MemberHub {
  readonly clock: Clock;
  readonly #options: HubOptions;
  readonly #history: ChatHistory;
  readonly #now: () => number;
  readonly #tags: SentTags;
  readonly #members = new Map<string, LocalMember>();
  readonly #rooms = new Map<string, Room>();
  readonly #addresses = new Map<string, number>();
  #log: MessageLog | undefined;
  #cancelPrune: (() => void) | undefined;

  constructor(history: ChatHistory, options: HubOptions) {
    this.#history = history;
    this.#options = options;
    this.clock = options.clock ?? systemClock;
    this.#now = options.now ?? Date.now;
    this.#tags = new SentTags(this.clock);
  }

  get rate(): MessageRateOptions {
    return this.#options.rate;
  }

  get maxMessageBytes(): number {
    return this.#options.maxMessageBytes;
  }

  async start(): Promise<void> {
    const nowMs = this.#now();
    const { lastId, tagged } = await this.#history.open(nowMs - TAG_LIFETIME_MS);
    for (const { tagKey, id, timeMs } of tagged) {
      this.#tags.add(tagKey, Promise.resolve({ id, timeMs }), Math.max(0, nowMs - timeMs));
    }
    this.#log = new MessageLog(this.#history, lastId, this.#now, {
      deliver: ({ name, shelf }, message) => {
        const room = this.#rooms.get(name.key);
        if (room?.shelf === shelf) room.broadcast(message);
      },
      onError: (error) => this.#reportError(error),
    });
    if (this.#options.retainMs !== undefined) await this.#prune(this.#options.retainMs);
  }

  async stop(): Promise<void> {
    const log = this.#log;
    if (log === undefined) return;
    this.#log = undefined;
    this.#cancelPrune?.();
    await log.end();
    for (const member of this.#members.values()) member.end("stopped");
    this.#members.clear();
    this.#rooms.clear();
    this.#addresses.clear();
    await this.#history.close();
  }

  async join(request: JoinRequest, listener: ChatListener): Promise<Welcome> {
    const { address, key, since } = request;
    const log = this.#requireLog();
    const name = memberName(request.name);
    const holder = this.#members.get(name.key);
    const isHolder = holder !== undefined && isSameToken(holder.token, request.token);
    if (holder !== undefined && !isHolder) throw new ChatError("NAME_TAKEN", `The name ${name.text} is taken.`);
    const staysInRoom = isHolder && holder.currentRoom?.name.key === roomName(request.room).key;
    if (!isHolder) this.#checkCapacity(address);
    const room =
      staysInRoom && holder.currentRoom !== undefined
        ? holder.currentRoom
        : this.#findOrMakeRoom(request.room, name, address, key);
    const token = request.token !== undefined && TOKEN.test(request.token) ? request.token : newToken();
    const identity = { token, address, rate: holder?.rate };
    const member = new LocalMember(this, holder?.key ?? name, room, identity, listener);
    if (staysInRoom) this.#replace(holder, member, room);
    else {
      if (isHolder) {
        this.remove(holder, "moved");
        holder.end("replaced");
      }
      this.#add(member, room);
    }
    return this.#welcome(member, room, log, since);
  }

  find(nameKey: string): LocalMember | undefined {
    return this.#members.get(nameKey);
  }

  findTag(tagKey: string): Promise<Receipt> | undefined {
    return this.#tags.find(tagKey);
  }

  store(member: LocalMember, text: string, kind: ChatMessage["kind"], tagKey: string | undefined): Promise<Receipt> {
    const { currentRoom: room, name: from } = member;
    if (room === undefined) throw new ChatError("NOT_JOINED", "You are in no room.");
    const receipt = this.#requireLog().store({ room, from, kind, text, tagKey });
    if (tagKey !== undefined) this.#tags.add(tagKey, receipt);
    return receipt;
  }

  async history(room: Room, options: HistoryOptions): Promise<readonly ChatMessage[]> {
    if ((options.search?.length ?? 0) > MAX_SEARCH_CHARACTERS)
      throw new ChatError("TOO_LONG", `No more than ${MAX_SEARCH_CHARACTERS} characters can be searched for.`);
    try {
      return await this.#find(room, this.#requireLog(), options);
    } catch (error) {
      // A search that the end of the chat interrupts is no failure of the history.
      if (this.#log !== undefined) this.#reportError(error);
      throw new ChatError("UNAVAILABLE", "The history cannot be read.", { cause: error });
    }
  }

  rooms(): readonly RoomInfo[] {
    return [...this.#rooms.values()]
      .sort((one, other) => (one.name.key < other.name.key ? -1 : 1))
      .map(({ name, size, hasKey, topic }) => ({ name: name.text, members: size, hasKey, topic }));
  }

  async move(member: LocalMember, roomText: string, key: string | undefined): Promise<Welcome> {
    const log = this.#requireLog();
    if (member.currentRoom?.name.key === roomName(roomText).key)
      throw new ChatError("BAD_ROOM", `You are in ${member.room} already.`);
    const room = this.#findOrMakeRoom(roomText, member.key, member.address, key, member.currentRoom);
    this.#leaveRoom(member, "moved");
    member.enter(room);
    this.#enterRoom(member, room);
    return this.#welcome(member, room, log);
  }

  rename(member: LocalMember, name: Name): void {
    const { currentRoom: room, key: from } = member;
    if (room === undefined) return;
    const holder = this.#members.get(name.key);
    if (holder !== undefined && holder !== member) throw new ChatError("NAME_TAKEN", `The name ${name.text} is taken.`);
    if (room.bans.has({ nameKey: name.key, address: undefined }))
      throw new ChatError("BANNED", `The name ${name.text} is banned from ${room.name.text}.`);
    // A muted member stays muted under its new name.
    if (room.mutes.has(member)) room.mutes.add({ nameKey: name.key, address: member.address });
    this.#members.delete(from.key);
    member.key = name;
    this.#members.set(name.key, member);
    room.rename(member, from);
    room.broadcast({ type: "renamed", room: room.name.text, from: from.text, name: name.text });
  }

  remove(member: LocalMember, reason: LeaveReason): void {
    this.#members.delete(member.nameKey);
    this.#leaveRoom(member, reason);
    this.#count(member.address, -1);
    member.end();
  }

  #requireLog(): MessageLog {
    if (this.#log === undefined) throw new ChatError("UNAVAILABLE", "The chat is closed.");
    return this.#log;
  }

  #checkCapacity(address: string | undefined): void {
    const { maxMembers, maxConnectionsPerAddress } = this.#options;
    if (this.#members.size >= maxMembers) throw new ChatError("FULL", `The chat is full: ${maxMembers} members.`);
    if (address !== undefined && (this.#addresses.get(address) ?? 0) >= maxConnectionsPerAddress)
      throw new ChatError("FULL", `Your address has ${maxConnectionsPerAddress} connections already.`);
  }

  /** Returns the room if the member may enter it, and changes nothing. If the member is the last one in `left`, that room does not count. */
  #findOrMakeRoom(
    roomText: string,
    { key: nameKey }: Name,
    address: string | undefined,
    key: string | undefined,
    left?: Room,
  ): Room {
    const name = roomName(roomText);
    const room = this.#rooms.get(name.key);
    if (room !== undefined) {
      room.checkEntry(nameKey, address, key);
      return room;
    }
    const { maxRooms } = this.#options;
    if (this.#rooms.size - (left?.size === 1 ? 1 : 0) >= maxRooms)
      throw new ChatError("FULL", `There are ${maxRooms} rooms already.`);
    if (key !== undefined && name.key === LOBBY) throw new ChatError("BAD_KEY", `The room ${LOBBY} has no key.`);
    return new Room(name, key);
  }

  #add(member: LocalMember, room: Room): void {
    this.#members.set(member.nameKey, member);
    this.#count(member.address, 1);
    this.#enterRoom(member, room);
  }

  #replace(holder: LocalMember, member: LocalMember, room: Room): void {
    this.#members.set(member.nameKey, member);
    this.#count(holder.address, -1);
    this.#count(member.address, 1);
    room.replace(member);
    holder.end("replaced");
  }

  #enterRoom(member: LocalMember, room: Room): void {
    this.#rooms.set(room.name.key, room);
    room.add(member);
    room.broadcast({ type: "joined", name: member.name, room: room.name.text }, member);
  }

  #leaveRoom(member: LocalMember, reason: LeaveReason): void {
    const { currentRoom: room, name } = member;
    if (room === undefined) return;
    room.remove(member);
    if (room.size === 0) this.#rooms.delete(room.name.key);
    else room.broadcast({ type: "left", name, room: room.name.text, reason });
  }

  async #welcome(member: LocalMember, room: Room, log: MessageLog, since?: number): Promise<Welcome> {
    const members = room.names;
    const { topic } = room;
    member.hold();
    const limit = since === undefined ? DEFAULT_HISTORY_MESSAGES : MAX_HISTORY_MESSAGES;
    let history: readonly ChatMessage[] = [];
    try {
      history = await this.#find(room, log, { limit }, since);
    } catch (error) {
      // Members can still talk without the history.
      this.#reportError(error);
    }
    member.release();
    return { member, members, topic, history };
  }

  #find(
    room: Room,
    log: MessageLog,
    { limit = DEFAULT_HISTORY_MESSAGES, before, search }: HistoryOptions,
    since?: number,
  ): Promise<readonly ChatMessage[]> {
    // The member receives stored messages that are not delivered yet as events.
    const end = log.deliveredId + 1;
    return this.#history.find(room.shelf, {
      limit: Math.min(Math.max(1, limit), MAX_HISTORY_MESSAGES),
      before: before === undefined ? end : Math.min(before, end),
      since,
      search,
    });
  }

  async #prune(retainMs: number): Promise<void> {
    let hasMore = false;
    try {
      hasMore = await this.#history.prune(this.#now() - retainMs);
    } catch (error) {
      this.#reportError(error);
    }
    if (this.#log === undefined) return;
    const again = (): unknown => this.#prune(retainMs);
    this.#cancelPrune = this.clock.after(hasMore ? PRUNE_PAUSE_MS : PRUNE_INTERVAL_MS, again);
  }

  #count(address: string | undefined, change: 1 | -1): void {
    if (address === undefined) return;
    const members = (this.#addresses.get(address) ?? 0) + change;
    if (members === 0) this.#addresses.delete(address);
    else this.#addresses.set(address, members);
  }

  /** Ignores an error that `onError` throws: it must end neither a commit nor the process. */
  #reportError(error: unknown): void {
    attempt(
      () => this.#options.onError?.(error),
      () => undefined,
    );
  }
}

function newToken(): string {
  return randomBytes(TOKEN_BYTES).toString("base64url");
}

function isSameToken(token: string, given: string | undefined): boolean {
  if (given === undefined || !TOKEN.test(given)) return false;
  return timingSafeEqual(Buffer.from(token), Buffer.from(given));
}
