/** Messages that may be on their way; beyond it one waits with the next. */
const MAX_UNACKNOWLEDGED = 100;

/** What was sent and not acknowledged, in its order, by tag. */
export class Unacknowledged {
  readonly #texts = new Map<string, string>();

  get size(): number {
    return this.#texts.size;
  }

  get isFull(): boolean {
    return this.#texts.size >= MAX_UNACKNOWLEDGED;
  }

  /** @returns the tag that it is sent with. */
  add(text: string): string {
    const tag = newTag();
    this.#texts.set(tag, text);
    return tag;
  }

  /** It has come, or it was refused. Gives what it was. */
  take(tag: string | undefined): string | undefined {
    if (tag === undefined) return undefined;
    const text = this.#texts.get(tag);
    this.#texts.delete(tag);
    return text;
  }

  /**
   * What is to be sent again after the connection was lost: the same tag has a message delivered once. A command has no such tag; it may
   * have been done or not.
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

  /** Gives all that was in it. */
  clear(): readonly string[] {
    const texts = [...this.#texts.values()];
    this.#texts.clear();
    return texts;
  }
}

function isCommand(text: string): boolean {
  return /^\/(?!\/|me\s)/.test(text);
}

/** `crypto.randomUUID` is for secure origins alone, and a chat may be on a plain one. */
function newTag(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
