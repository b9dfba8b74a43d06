import { createHash, timingSafeEqual } from "node:crypto";
import { BlockList } from "./block-list.ts";
import { ChatError } from "./chat-error.ts";
import type { ChatEvent } from "./chat-event.ts";
import type { LocalMember } from "./member.ts";
import type { Name } from "./name.ts";

/** Limits the bytes of a room's key; the hub refuses a longer one with BAD_KEY. */
const MAX_KEY_BYTES = 256;

/** A room of a hub. It exists while it has members; then its key, topic, bans and mutes are lost. */
export class Room {
  readonly name: Name;
  /** Identifies the room's messages in the history. A later room of the same name and key has the same value. */
  readonly shelf: string;
  readonly bans = new BlockList();
  readonly mutes = new BlockList();
  topic = "";
  readonly #keyDigest: Buffer | undefined;
  /** In the order in which they joined. */
  readonly #members = new Map<string, LocalMember>();
  /** By key. */
  readonly #sorted: Name[] = [];

  /** @param key - the key that a member must give to join. */
  constructor(name: Name, key: string | undefined) {
    this.name = name;
    this.#keyDigest = key === undefined ? undefined : digestOf(key);
    // A room without a key does not find the messages of a room of the same name with a key.
    this.shelf = this.#keyDigest === undefined ? name.key : `${name.key} ${this.#keyDigest.toString("base64url")}`;
  }

  get hasKey(): boolean {
    return this.#keyDigest !== undefined;
  }

  get size(): number {
    return this.#members.size;
  }

  get members(): Iterable<LocalMember> {
    return this.#members.values();
  }

  /** Sorted. */
  get names(): readonly string[] {
    return this.#sorted.map(({ text }) => text);
  }

  /** The member who has been in the room for longest. */
  get operator(): LocalMember | undefined {
    for (const member of this.#members.values()) return member;
    return undefined;
  }

  find(nameKey: string): LocalMember | undefined {
    return this.#members.get(nameKey);
  }

  /** @throws ChatError BANNED, BAD_KEY. */
  checkEntry(nameKey: string, address: string | undefined, key: string | undefined): void {
    const { text } = this.name;
    if (this.bans.has({ nameKey, address })) throw new ChatError("BANNED", `You are banned from ${text}.`);
    if (this.#keyDigest === undefined) {
      // A member that gives a key expects a room that others cannot join.
      if (key !== undefined) throw new ChatError("BAD_KEY", `The room ${text} has no key.`);
    } else if (key === undefined) {
      throw new ChatError("BAD_KEY", `The room ${text} has a key: /join ${text} KEY`);
    } else if (!timingSafeEqual(this.#keyDigest, digestOf(key))) {
      throw new ChatError("BAD_KEY", `That is not the key of ${text}.`);
    }
  }

  add(member: LocalMember): void {
    this.#members.set(member.key.key, member);
    this.#sorted.splice(this.#placeOf(member.key.key), 0, member.key);
  }

  /** Replaces a member by another connection of the same person, at the same position. */
  replace(member: LocalMember): void {
    this.#members.set(member.key.key, member);
  }

  remove({ key }: LocalMember): void {
    this.#members.delete(key.key);
    this.#sorted.splice(this.#placeOf(key.key), 1);
  }

  /** Updates the name of a member, which keeps its position. */
  rename(member: LocalMember, from: Name): void {
    const members = [...this.#members.values()];
    this.#members.clear();
    for (const each of members) this.#members.set(each.key.key, each);
    this.#sorted.splice(this.#placeOf(from.key), 1);
    this.#sorted.splice(this.#placeOf(member.key.key), 0, member.key);
  }

  broadcast(event: ChatEvent, except?: LocalMember): void {
    for (const member of this.#members.values()) if (member !== except) member.deliver(event);
  }

  #placeOf(nameKey: string): number {
    let low = 0;
    for (let high = this.#sorted.length; low < high; ) {
      const middle = (low + high) >>> 1;
      if ((this.#sorted[middle]?.key ?? "") < nameKey) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

/** @throws ChatError BAD_KEY. */
function digestOf(key: string): Buffer {
  if (key === "" || Buffer.byteLength(key) > MAX_KEY_BYTES)
    throw new ChatError("BAD_KEY", `That is not a key: 1 to ${MAX_KEY_BYTES} bytes.`);
  return createHash("sha256").update(key).digest();
}
