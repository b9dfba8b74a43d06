/** What a template may name. */
const PLACES = ["data", "address"] as const;

/** What is put in the places of a template. */
export type ReplyValues = Readonly<Record<(typeof PLACES)[number], Uint8Array>>;

type Part = Buffer | (typeof PLACES)[number];

/** A reply with places in it, `Hello, {data}!`. It is filled with bytes: what is no UTF-8 comes back unharmed. */
export class ReplyTemplate {
  readonly #parts: readonly Part[];

  /** Braces around anything but `data` and `address` are text. */
  constructor(text: string) {
    const places = new RegExp(`\\{(${PLACES.join("|")})\\}`, "g");
    const parts: Part[] = [];
    let at = 0;
    for (const match of text.matchAll(places)) {
      parts.push(Buffer.from(text.slice(at, match.index)), match[1] === "data" ? "data" : "address");
      at = match.index + match[0].length;
    }
    this.#parts = [...parts, Buffer.from(text.slice(at))];
  }

  fill(values: ReplyValues): Buffer {
    return Buffer.concat(this.#parts.map((part) => (typeof part === "string" ? values[part] : part)));
  }
}
