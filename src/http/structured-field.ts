/** Limits the letters of a structured field that is read; a longer one counts as malformed. */
export const MAX_STRUCTURED_FIELD_LENGTH = 4 * 1024;

/** A bare item of RFC 9651: an integer, a boolean, or bytes. The other kinds are read and have no use here. */
export type BareItem = number | boolean | Buffer | string;

const KEY = /[a-z*][a-z0-9_.*-]*/y;
const INTEGER = /-?\d{1,15}(?![\d.])/y;
const DECIMAL = /-?\d{1,12}\.\d{1,3}(?!\d)/y;
const BOOLEAN = /\?[01]/y;
const BYTES = /:([A-Za-z0-9+/]*={0,2}):/y;
const STRING = /"((?:[ !#-[\]-~]|\\["\\])*)"/y;
const TOKEN = /[A-Za-z*][!#$%&'*+.^_`|~\w:/-]*/y;

/** Reads a structured field whose value is one item, RFC 9651, section 4.2; parameters are passed over. Undefined: it is malformed. */
export function parseItem(text: string): BareItem | undefined {
  if (text.length > MAX_STRUCTURED_FIELD_LENGTH) return undefined;
  const reader = new Reader(text);
  const item = reader.item();
  return item === undefined || !reader.isAtEnd() ? undefined : item;
}

/** Reads a structured field whose value is an integer. */
export function parseInteger(text: string): number | undefined {
  const item = parseItem(text);
  return typeof item === "number" && Number.isInteger(item) ? item : undefined;
}

/** Reads a structured field whose value is a boolean, `?0` or `?1`. */
export function parseBoolean(text: string): boolean | undefined {
  const item = parseItem(text);
  return typeof item === "boolean" ? item : undefined;
}

/** Reads a structured field whose value is a dictionary of items. Undefined: it is malformed, or has an inner list. */
export function parseDictionary(text: string): ReadonlyMap<string, BareItem> | undefined {
  if (text.length > MAX_STRUCTURED_FIELD_LENGTH) return undefined;
  const reader = new Reader(text);
  const members = new Map<string, BareItem>();
  if (reader.isAtEnd()) return members;
  for (;;) {
    const member = reader.member();
    if (member === undefined) return undefined;
    // RFC 9651, section 4.2.2: the last of equal keys counts, in its place.
    members.delete(member[0]);
    members.set(...member);
    if (reader.isAtEnd()) return members;
    if (!reader.comma()) return undefined;
  }
}

class Reader {
  readonly #text: string;
  #at: number;

  constructor(text: string) {
    this.#text = text;
    this.#at = 0;
    this.#take(/ */y);
  }

  isAtEnd(): boolean {
    this.#take(/ */y);
    return this.#at === this.#text.length;
  }

  /** A comma between members, after which another one must follow. */
  comma(): boolean {
    return this.#take(/[ \t]*,[ \t]*(?!$)/y) !== undefined;
  }

  member(): readonly [key: string, item: BareItem] | undefined {
    const key = this.#take(KEY)?.[0];
    if (key === undefined) return undefined;
    // RFC 9651, section 3.2: a key alone is true.
    const item = this.#take(/=/y) === undefined ? this.#parameters(true) : this.item();
    return item === undefined ? undefined : [key, item];
  }

  item(): BareItem | undefined {
    const item = this.#bareItem();
    return item === undefined ? undefined : this.#parameters(item);
  }

  #parameters(item: BareItem): BareItem | undefined {
    while (this.#take(/; */y) !== undefined) {
      if (this.#take(KEY) === undefined) return undefined;
      if (this.#take(/=/y) !== undefined && this.#bareItem() === undefined) return undefined;
    }
    return item;
  }

  #bareItem(): BareItem | undefined {
    const number = this.#take(DECIMAL) ?? this.#take(INTEGER);
    if (number !== undefined) return Number(number[0]);
    const boolean = this.#take(BOOLEAN);
    if (boolean !== undefined) return boolean[0] === "?1";
    const bytes = this.#take(BYTES);
    if (bytes !== undefined) return Buffer.from(bytes[1] ?? "", "base64");
    const string = this.#take(STRING);
    if (string !== undefined) return (string[1] ?? "").replace(/\\(["\\])/g, "$1");
    return this.#take(TOKEN)?.[0];
  }

  #take(pattern: RegExp): RegExpExecArray | undefined {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text) ?? undefined;
    if (found !== undefined) this.#at = pattern.lastIndex;
    return found;
  }
}
