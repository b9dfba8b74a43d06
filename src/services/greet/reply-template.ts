/** The placeholders of a template. */
const PLACEHOLDERS = ["data", "address"] as const;

/** The values of the placeholders. */
export type ReplyValues = Readonly<Record<(typeof PLACEHOLDERS)[number], Uint8Array>>;

type Part = Buffer | (typeof PLACEHOLDERS)[number];

/** A reply text with placeholders, `Hello, {data}!`. Values are bytes, so that a message that is not UTF-8 comes back unchanged. */
export class ReplyTemplate {
  readonly #parts: readonly Part[];

  /** Braces around any other word than `data` and `address` are plain text. */
  constructor(text: string) {
    const placeholder = new RegExp(`\\{(${PLACEHOLDERS.join("|")})\\}`, "g");
    const parts: Part[] = [];
    let at = 0;
    for (const match of text.matchAll(placeholder)) {
      parts.push(Buffer.from(text.slice(at, match.index)), match[1] === "data" ? "data" : "address");
      at = match.index + match[0].length;
    }
    this.#parts = [...parts, Buffer.from(text.slice(at))];
  }

  fill(values: ReplyValues): Buffer {
    return Buffer.concat(this.#parts.map((part) => (typeof part === "string" ? values[part] : part)));
  }
}
