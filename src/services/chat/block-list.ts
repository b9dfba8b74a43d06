import { ChatError } from "./chat-error.ts";

/** Limits the names that a room has banned and those that it has muted, each; a further ban or mute fails with FULL. */
export const MAX_BLOCKED = 1_000;

/** A person to block: a name, and an address if one identifies the person. */
export interface Blockable {
  readonly nameKey: string;
  readonly address: string | undefined;
}

/** The names and addresses that a room has banned or muted. A new name or a new connection does not evade the block. */
export class BlockList {
  readonly #addresses = new Map<string, string | undefined>();

  add({ nameKey, address }: Blockable): void {
    if (this.#addresses.size >= MAX_BLOCKED && !this.#addresses.has(nameKey))
      throw new ChatError("FULL", `No more than ${MAX_BLOCKED} names can be banned or muted in a room.`);
    this.#addresses.set(nameKey, address);
  }

  has({ nameKey, address }: Blockable): boolean {
    if (this.#addresses.has(nameKey)) return true;
    return address !== undefined && [...this.#addresses.values()].includes(address);
  }

  /** Removes all entries with this name or this address. */
  remove({ nameKey, address }: Blockable): void {
    for (const [key, own] of this.#addresses) {
      if (key === nameKey || (address !== undefined && own === address)) this.#addresses.delete(key);
    }
  }
}
