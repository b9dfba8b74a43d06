import { ChatError } from "./chat-error.ts";

/** Names that one room has banned, or muted. */
export const MAX_BLOCKED = 1_000;

/** Who is meant: by name, and by address where there is one to go by. */
export interface Blockable {
  readonly nameKey: string;
  readonly address: string | undefined;
}

/** Names and addresses that a room has banned, or muted. A new name, or a new connection, is no way around it. */
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

  /** Takes out all that means this one. */
  remove({ nameKey, address }: Blockable): void {
    for (const [key, own] of this.#addresses) {
      if (key === nameKey || (address !== undefined && own === address)) this.#addresses.delete(key);
    }
  }
}
