/** The most messages without an acknowledgement; further ones are not sent until one is acknowledged. */
const MAX_UNACKNOWLEDGED = 100;

/** The messages that were sent and not acknowledged, by tag, in the order of sending. */
export class Unacknowledged {
  readonly #texts = new Map<string, string>();

  get size(): number {
    return this.#texts.size;
  }

  get isFull(): boolean {
    return this.#texts.size >= MAX_UNACKNOWLEDGED;
  }

  /** Adds a message and returns the tag to send it with. */
  add(text: string): string {
    const tag = newTag();
    this.#texts.set(tag, text);
    return tag;
  }

  /** Removes a message that the server has acknowledged or refused, and returns its text. */
  take(tag: string | undefined): string | undefined {
    if (tag === undefined) return undefined;
    const text = this.#texts.get(tag);
    this.#texts.delete(tag);
    return text;
  }

  /**
   * Returns the messages to send again after the connection was lost: the server delivers a message with the same tag once. A
   * command may or may not have been executed: it is removed and returned in `unsure`.
   */
  afterLoss(): {
    readonly repeated: readonly (readonly [tag: string, text: string])[];
    readonly unsure: readonly string[];
  } {
    const all = [...this.#texts];
    const unsure = all.filter(([, text]) => isCommand(text));
    for (const [tag] of unsure) this.#texts.delete(tag);
    return { repeated: [...this.#texts], unsure: unsure.map(([, text]) => text) };
  }

  /** Removes all messages and returns their texts. */
  clear(): readonly string[] {
    const texts = [...this.#texts.values()];
    this.#texts.clear();
    return texts;
  }
}

function isCommand(text: string): boolean {
  return /^\/(?!\/|me\s)/.test(text);
}

/** Makes a random tag. `crypto.randomUUID` exists only for secure origins, and a chat may have a plain one. */
function newTag(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
