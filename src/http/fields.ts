import { BYTE_CLASS, LOWER_CASE } from "./byte-class.ts";

const HTAB = 9;
const SPACE = 32;

/**
 * The fields of a header or trailer section as they were received: in order, names as written, values as latin1 without the
 * white space around them. Read-only. A field is decoded only when the caller asks for it: the object keeps the text of the
 * section, and for each field the positions of its name and its colon. See {@link HttpRequest}.
 */
export class Fields implements Iterable<readonly [name: string, value: string]> {
  /** An empty section. */
  static readonly none = new Fields("", [0]);

  readonly #text: string;
  /** For each field the positions of its first character and its colon; then the end of the last line with its CRLF. */
  readonly #marks: readonly number[];

  /** @internal */
  constructor(text: string, marks: readonly number[]) {
    this.#text = text;
    this.#marks = marks;
  }

  /** The number of field lines. */
  get size(): number {
    return this.#marks.length >> 1;
  }

  /** The name of the field at this index, as it was written. See {@link HttpRequest}. */
  nameAt(index: number): string {
    return this.#text.slice(this.#mark(2 * index), this.#mark(2 * index + 1));
  }

  /** The value of the field at this index. See {@link HttpRequest}. */
  valueAt(index: number): string {
    return trimSpace(this.#text, this.#mark(2 * index + 1) + 1, this.#mark(2 * index + 2) - 2);
  }

  /** Whether there is a field of this name; case does not matter. See {@link HttpRequest}. */
  has(name: string): boolean {
    return this.#find(name, 0) >= 0;
  }

  /**
   * The value of a field; undefined when there is none. Several lines of one name are joined to one list by commas, RFC 9110,
   * section 5.3, and those of Cookie by semicolons, RFC 9113, section 8.2.3. Set-Cookie is no list: use {@link all}. See
   * {@link HttpRequest}.
   */
  get(name: string): string | undefined {
    let index = this.#find(name, 0);
    if (index < 0) return undefined;
    let value = this.valueAt(index);
    for (;;) {
      index = this.#find(name, index + 1);
      if (index < 0) return value;
      value += (name.toLowerCase() === "cookie" ? "; " : ", ") + this.valueAt(index);
    }
  }

  /** The values of all lines of this name. See {@link HttpRequest}. */
  all(name: string): string[] {
    const values: string[] = [];
    for (let index = this.#find(name, 0); index >= 0; index = this.#find(name, index + 1)) {
      values.push(this.valueAt(index));
    }
    return values;
  }

  /** Iterates over all fields, as pairs of name and value. See {@link HttpRequest}. */
  *[Symbol.iterator](): Generator<readonly [name: string, value: string]> {
    for (let index = 0; index < this.size; index++) yield [this.nameAt(index), this.valueAt(index)];
  }

  /** Makes fields from lines that another parser has split. @internal */
  static of(lines: Iterable<readonly [name: string, value: string]>): Fields {
    let text = "";
    const marks: number[] = [];
    for (const [name, value] of lines) {
      marks.push(text.length, text.length + name.length);
      text += `${name}:${value}\r\n`;
    }
    return new Fields(text, [...marks, text.length]);
  }

  /** The fields without those of these names, which are in lower case. @internal */
  without(names: ReadonlySet<string>): Fields {
    const kept = [...this].filter(([name]) => !names.has(name.toLowerCase()));
    return kept.length === this.size ? this : Fields.of(kept);
  }

  /** The length of the name of the field at this index. @internal */
  nameLengthAt(index: number): number {
    return this.#mark(2 * index + 1) - this.#mark(2 * index);
  }

  /** Whether the field at this index has this name, which is in lower case. @internal */
  isNamed(index: number, name: string): boolean {
    const from = this.#mark(2 * index);
    if (this.#mark(2 * index + 1) - from !== name.length) return false;
    for (let at = 0; at < name.length; at++) {
      if (LOWER_CASE[this.#text.charCodeAt(from + at)] !== name.charCodeAt(at)) return false;
    }
    return true;
  }

  /** The index of the next field of this name, from `index` on; -1 when there is none. */
  #find(name: string, index: number): number {
    const small = name.toLowerCase();
    for (let place = index; place < this.size; place++) {
      if (this.isNamed(place, small)) return place;
    }
    return -1;
  }

  #mark(index: number): number {
    return this.#marks[index] ?? 0;
  }
}

/** A part of the text without the SP and HTAB around it; `trim` would also remove other white space. */
export function trimSpace(text: string, start: number, end: number): string {
  let from = start;
  let to = end;
  while (from < to && isSpace(text.charCodeAt(from))) from++;
  while (from < to && isSpace(text.charCodeAt(to - 1))) to--;
  return text.slice(from, to);
}

function isSpace(code: number): boolean {
  return code === SPACE || code === HTAB;
}

/** The members of a list, RFC 9110, section 5.6.1, without the white space around them, including empty members. */
export function listMembers(value: string): string[] {
  return value.split(",").map((member) => trimSpace(member, 0, member.length));
}

/** The end of the run of characters of one byte class that begins at `from`. */
export function endOfRun(text: string, from: number, byteClass: number): number {
  let at = from;
  while (at < text.length && ((BYTE_CLASS[text.charCodeAt(at)] ?? 0) & byteClass) !== 0) at++;
  return at;
}
