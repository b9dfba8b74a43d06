import { BYTE_CLASS, PATH, QUERY, TOKEN } from "./byte-class.ts";
import { FieldScanner } from "./field-scanner.ts";
import { Fields } from "./fields.ts";
import { MAX_EMPTY_LINES, MAX_METHOD_BYTES, type MessageLimits } from "./message-limits.ts";
import { latin1, PartialSection } from "./partial-section.ts";
import { Refusal, refusalOf, refusalOfByte } from "./refusal.ts";
import { type RequestHead, requestHead } from "./request-head.ts";

const LF = 10;
const CR = 13;
const SPACE = 32;
const QUESTION_MARK = 63;
const VERSION = "HTTP/d.d";
const DIGIT = "d".charCodeAt(0);
/** The length of the version after the target. */
const VERSION_BYTES = " HTTP/1.1".length;

// Where in a head the scan is.
const START = 0;
const EMPTY_LINE_LF = 1;
const METHOD = 2;
const TARGET = 3;
const IN_QUERY = 4;
const IN_VERSION = 5;
const LINE_LF = 6;
const FIELDS = 7;

/**
 * Parses the heads of requests: RFC 9112, sections 2 to 5. It reads each byte once. When a head is cut between two chunks, it
 * keeps its state, so that the result does not depend on the cuts.
 *
 * Many connections share one parser, since it has no state between two heads. While `hasPartialHead` it belongs to the connection whose
 * head it has begun, and the other connections use another parser.
 */
export class RequestHeadParser {
  readonly #limits: MessageLimits;
  readonly #fields: FieldScanner;
  readonly #partial = new PartialSection();
  #state = START;
  // Positions count from the first byte of the head.
  #at = 0;
  #emptyLines = 0;
  #lineStart = 0;
  #targetStart = 0;
  #targetEnd = 0;
  #major = 0;
  #minor = 0;
  /** The position in the chunk after the head that `parse` returned. */
  end = 0;

  constructor(limits: MessageLimits) {
    this.#limits = limits;
    this.#fields = new FieldScanner(limits.maxHeaderBytes, limits.maxHeaderFields);
  }

  /** Whether the parser holds the beginning of a head, or of empty lines before one. */
  get hasPartialHead(): boolean {
    return this.#partial.length > 0;
  }

  /** Whether a request line has begun: from then on the timeout of the head runs. */
  get hasBegun(): boolean {
    return this.#state > EMPTY_LINE_LF;
  }

  /** The size of the memory that holds a cut head, in bytes. */
  get heldBytes(): number {
    return this.#partial.bytes.length;
  }

  /** Drops the head that has begun. */
  clear(): void {
    this.#partial.clear();
    this.#state = START;
    this.#at = 0;
    this.#emptyLines = 0;
  }

  /**
   * Returns the next head, or why it is refused. Undefined: the head continues in another chunk, and all of this one is taken.
   *
   * @param bytes - lent until the call returns.
   */
  parse(bytes: Uint8Array, from: number, to: number): RequestHead | Refusal | undefined {
    if (!this.hasPartialHead) {
      const head = this.#scan(bytes, from, to);
      if (head === undefined) this.#partial.keep(bytes, from, to);
      return head;
    }
    for (let at = from; at < to; ) {
      const before = this.#partial.length;
      const count = this.#partial.append(bytes, at, to);
      const head = this.#scan(this.#partial.bytes, 0, before + count);
      if (head !== undefined) {
        this.end += at - before;
        return head;
      }
      at += count;
    }
    return undefined;
  }

  #scan(bytes: Uint8Array, base: number, to: number): RequestHead | Refusal | undefined {
    let found: boolean | Refusal = this.#state === FIELDS || this.#scanLine(bytes, base, to);
    if (found === true) found = this.#fields.scan(bytes, base, to);
    if (found === false) return undefined;
    const head = found instanceof Refusal ? found : this.#headOf(bytes, base);
    this.end = base + this.#fields.at;
    this.clear();
    return head;
  }

  #headOf(bytes: Uint8Array, base: number): RequestHead | Refusal {
    const marks = this.#fields.marks();
    const text = latin1(bytes, base, base + this.#fields.at);
    const method = text.slice(this.#lineStart, this.#targetStart - 1);
    const target = text.slice(this.#targetStart, this.#targetEnd);
    return requestHead(method, target, this.#minor, new Fields(text, marks));
  }

  /** True: the request line is there. False: bytes are missing. */
  #scanLine(bytes: Uint8Array, base: number, to: number): boolean | Refusal {
    let at = base + this.#at;
    let state = this.#state;
    while (at < to) {
      const byte = bytes[at] ?? 0;
      switch (state) {
        case START:
          if (byte === CR) {
            if (this.#emptyLines === MAX_EMPTY_LINES) return refusalOf("empty-lines");
            this.#emptyLines++;
            state = EMPTY_LINE_LF;
            at++;
          } else {
            this.#lineStart = at - base;
            state = METHOD;
          }
          break;
        case EMPTY_LINE_LF:
          if (byte !== LF) return refusalOf("bare-cr");
          state = START;
          at++;
          break;
        case METHOD: {
          const limit = base + this.#lineStart + MAX_METHOD_BYTES;
          const end = Math.min(to, limit);
          while (at < end && isOf(bytes[at], TOKEN)) at++;
          if (at === to) break;
          if (isOf(bytes[at], TOKEN)) return refusalOf("method-too-long");
          if (bytes[at] !== SPACE || at - base === this.#lineStart)
            return refusalOfByte(bytes[at] ?? 0, "method-malformed");
          at++;
          this.#targetStart = at - base;
          state = TARGET;
          break;
        }
        case TARGET:
        case IN_QUERY: {
          const limit = base + this.#lineStart + this.#limits.maxRequestLineBytes - VERSION_BYTES;
          const end = Math.min(to, limit);
          const byteClass = state === TARGET ? PATH : QUERY;
          while (at < end && isOf(bytes[at], byteClass)) at++;
          if (at === to) break;
          if (bytes[at] === SPACE && at - base > this.#targetStart) {
            this.#targetEnd = at - base;
            state = IN_VERSION;
          } else if (at >= limit && isOf(bytes[at], QUERY)) {
            return refusalOf("target-too-long");
          } else if (state === TARGET && bytes[at] === QUESTION_MARK) {
            state = IN_QUERY;
          } else {
            // RFC 9112, appendix C.1: HTTP/0.9, which has no version, is not supported any more.
            return refusalOfByte(bytes[at] ?? 0, bytes[at] === CR ? "version-malformed" : "target-malformed");
          }
          at++;
          break;
        }
        case IN_VERSION: {
          const place = at - base - this.#targetEnd - 1;
          if (place === VERSION.length) {
            if (byte !== CR) return refusalOfByte(byte, "version-malformed");
            // RFC 9110, section 2.5: a higher minor version is processed as the highest known one.
            if (this.#major !== 1) return refusalOf("version-unsupported");
            state = LINE_LF;
          } else if (VERSION.charCodeAt(place) !== DIGIT) {
            if (byte !== VERSION.charCodeAt(place)) return refusalOfByte(byte, "version-malformed");
          } else {
            if (byte < 48 || byte > 57) return refusalOfByte(byte, "version-malformed");
            if (place === VERSION.length - 1) this.#minor = byte - 48;
            else this.#major = byte - 48;
          }
          at++;
          break;
        }
        default:
          if (byte !== LF) return refusalOf("bare-cr");
          this.#fields.start(at + 1 - base);
          this.#state = FIELDS;
          return true;
      }
    }
    this.#at = at - base;
    this.#state = state;
    return false;
  }
}

function isOf(byte: number | undefined, byteClass: number): boolean {
  return ((BYTE_CLASS[byte ?? 0] ?? 0) & byteClass) !== 0;
}
