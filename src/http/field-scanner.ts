import { BYTE_CLASS, FIELD_VALUE, TOKEN } from "./byte-class.ts";
import { type Refusal, refusalOf, refusalOfByte } from "./refusal.ts";

const HTAB = 9;
const LF = 10;
const CR = 13;
const SPACE = 32;
const COLON = 58;

const NO_VIEW: DataView = new DataView(new ArrayBuffer(0));

// Where in a section the scan is.
const LINE = 0;
const NAME = 1;
const VALUE = 2;
const VALUE_LF = 3;
const LAST_LF = 4;

/**
 * Scans a section of field lines up to its empty line, RFC 9112, section 5, each byte once. When bytes are missing, it continues
 * from there with the next call, so that the result does not depend on how the bytes were cut.
 */
export class FieldScanner {
  readonly #maxBytes: number;
  readonly #maxFields: number;
  /** The positions that {@link Fields} needs, counted from the base. */
  readonly #marks: number[] = [];
  #count = 0;
  #state = LINE;
  #limit = 0;
  #view: DataView = NO_VIEW;
  /** The position of the scan, counted from the base. */
  at = 0;

  constructor(maxBytes: number, maxFields: number) {
    this.#maxBytes = maxBytes;
    this.#maxFields = maxFields;
  }

  /** Begins a new section at this position. */
  start(at: number): void {
    this.at = at;
    this.#limit = at + this.#maxBytes;
    this.#count = 0;
    this.#state = LINE;
  }

  /** The positions of the fields of the section. Call it when the end of the section is found. */
  marks(): number[] {
    return this.#marks.slice(0, 2 * this.#count + 1);
  }

  /** Scans on. True: the section ends before `at`. False: bytes are missing. */
  scan(bytes: Uint8Array, base: number, to: number): boolean | Refusal {
    const marks = this.#marks;
    const end = Math.min(to, base + this.#limit);
    let at = base + this.at;
    let state = this.#state;
    const view = this.#viewOf(bytes);
    const offset = bytes.byteOffset;
    while (at < end) {
      const byte = bytes[at] ?? 0;
      if (state === LINE) {
        marks[2 * this.#count] = at - base;
        if (byte === CR) {
          state = LAST_LF;
          at++;
        } else {
          if (((BYTE_CLASS[byte] ?? 0) & TOKEN) === 0) return refusalOfLine(byte);
          if (this.#count === this.#maxFields) return refusalOf("fields-too-many");
          state = NAME;
        }
      } else if (state === NAME) {
        while (at < end && ((BYTE_CLASS[bytes[at] ?? 0] ?? 0) & TOKEN) !== 0) at++;
        if (at === end) break;
        if (bytes[at] !== COLON) return refusalOfName(bytes[at] ?? 0);
        marks[2 * this.#count + 1] = at - base;
        state = VALUE;
        at++;
      } else if (state === VALUE) {
        at = endOfText(view, offset, at, end);
        while (at < end && ((BYTE_CLASS[bytes[at] ?? 0] ?? 0) & FIELD_VALUE) !== 0) at++;
        if (at === end) break;
        if (bytes[at] !== CR) return refusalOfByte(bytes[at] ?? 0, "control-character");
        state = VALUE_LF;
        at++;
      } else {
        if (byte !== LF) return refusalOf("bare-cr");
        at++;
        if (state === LAST_LF) {
          this.at = at - base;
          return true;
        }
        this.#count++;
        state = LINE;
      }
    }
    this.at = at - base;
    this.#state = state;
    return this.at === this.#limit ? refusalOf("fields-too-large") : false;
  }

  /** Chunks come in the same memory again and again. */
  #viewOf(bytes: Uint8Array): DataView {
    if (this.#view.buffer !== bytes.buffer) this.#view = new DataView(bytes.buffer);
    return this.#view;
  }
}

/**
 * How far there is nothing but text, four bytes at a time: it stops early at a tabulator, and at the last three bytes. The
 * highest bit of a byte is set by the first term where the byte is below 0x20, and by the second where it is 0x7f.
 */
function endOfText(view: DataView, offset: number, from: number, to: number): number {
  let at = from;
  for (; at + 4 <= to; at += 4) {
    const four = view.getInt32(offset + at, true);
    const deleted = four ^ 0x7f7f7f7f;
    if ((((four - 0x20202020) & ~four) | ((deleted - 0x01010101) & ~deleted)) & 0x80808080) break;
  }
  return at;
}

/** A line that begins with white space goes on with the one before it: RFC 9112, section 5.2, a server may refuse that. */
function refusalOfLine(byte: number): Refusal {
  if (byte === SPACE || byte === HTAB) return refusalOf("field-folded");
  return refusalOfByte(byte, byte === COLON ? "field-name-empty" : "field-name-malformed");
}

/** RFC 9112, section 5.1: white space between a name and its colon is refused. */
function refusalOfName(byte: number): Refusal {
  if (byte === SPACE || byte === HTAB) return refusalOf("field-name-space");
  return refusalOfByte(byte, "field-name-malformed");
}
