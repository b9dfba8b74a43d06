import type { BodyDecoder } from "./body-decoder.ts";
import { BodyEnd } from "./body-end.ts";
import { BYTE_CLASS, QUOTED_TEXT, TOKEN } from "./byte-class.ts";
import { FieldScanner } from "./field-scanner.ts";
import { Fields } from "./fields.ts";
import {
  MAX_CHUNK_EXTENSION_BYTES,
  MAX_CHUNK_LINE_BYTES,
  MAX_CHUNK_SIZE_DIGITS,
  type MessageLimits,
} from "./message-limits.ts";
import { latin1, PartialSection } from "./partial-section.ts";
import { Refusal, refusalOf, refusalOfByte } from "./refusal.ts";
import { trailersOf } from "./trailers.ts";

const HTAB = 9;
const LF = 10;
const CR = 13;
const SPACE = 32;
const QUOTE = 34;
const SEMICOLON = 59;
const EQUALS = 61;
const BACKSLASH = 92;

// Where in a body the scan is: RFC 9112, section 7.1.
const SIZE = 0;
/** White space after a size or a value: a semicolon must follow. */
const BEFORE_SEMICOLON = 1;
const BEFORE_NAME = 2;
const NAME = 3;
/** White space after a name: a semicolon or an equals sign must follow. */
const AFTER_NAME = 4;
const BEFORE_VALUE = 5;
const VALUE = 6;
const QUOTED = 7;
const ESCAPED = 8;
const AFTER_QUOTED = 9;
const LINE_LF = 10;
const DATA = 11;
const DATA_CR = 12;
const DATA_LF = 13;
const TRAILERS = 14;
const ENDED = 15;

/** Decodes a chunked body. It checks the syntax of chunk extensions, and ignores them. */
export class ChunkedDecoder implements BodyDecoder {
  readonly #limits: MessageLimits;
  #state = SIZE;
  #digits = 0;
  /** The size of the chunk, or the bytes of it still to come. */
  #size = 0;
  #lineBytes = 0;
  #extensionBytes = 0;
  /** Made after the last chunk only, since most bodies have no trailers: before that a chunked body needs no memory. */
  #trailers: FieldScanner | undefined;
  #partial: PartialSection | undefined;
  at = 0;

  constructor(limits: MessageLimits) {
    this.#limits = limits;
  }

  next(bytes: Uint8Array, from: number, to: number): Uint8Array | BodyEnd | Refusal | undefined {
    this.at = from;
    while (this.at < to || this.#state === ENDED) {
      if (this.#state === TRAILERS) return this.#takeTrailers(bytes, to);
      if (this.#state === ENDED) return new BodyEnd(Fields.none);
      if (this.#state === DATA) {
        const start = this.at;
        this.at = Math.min(to, start + this.#size);
        this.#size -= this.at - start;
        if (this.#size === 0) this.#state = DATA_CR;
        return bytes.subarray(start, this.at);
      }
      const refusal = this.#takeByte(bytes[this.at] ?? 0);
      if (refusal !== undefined) return refusal;
      this.at++;
    }
    return undefined;
  }

  #takeByte(byte: number): Refusal | undefined {
    switch (this.#state) {
      case DATA_CR:
        if (byte !== CR) return refusalOf("chunk-end-missing");
        this.#state = DATA_LF;
        return undefined;
      case DATA_LF:
        if (byte !== LF) return refusalOf("chunk-end-missing");
        this.#state = SIZE;
        return undefined;
      case LINE_LF:
        if (byte !== LF) return refusalOf("bare-cr");
        this.#startChunk();
        return undefined;
    }
    if (++this.#lineBytes > MAX_CHUNK_LINE_BYTES) return refusalOf("chunk-line-too-long");
    if (this.#state === SIZE) return this.#takeSize(byte);
    if (++this.#extensionBytes > MAX_CHUNK_EXTENSION_BYTES) return refusalOf("chunk-extensions-too-large");
    return this.#takeExtension(byte);
  }

  #takeSize(byte: number): Refusal | undefined {
    const digit = hexDigit(byte);
    if (digit >= 0) {
      if (++this.#digits > MAX_CHUNK_SIZE_DIGITS) return refusalOf("chunk-size-malformed");
      this.#size = 16 * this.#size + digit;
      return this.#size > Number.MAX_SAFE_INTEGER ? refusalOf("chunk-size-too-large") : undefined;
    }
    if (this.#digits === 0) return refusalOfByte(byte, "chunk-size-malformed");
    return this.#takeDelimiter(byte, "chunk-size-malformed");
  }

  /** Takes a byte after a size, a name or a value. */
  #takeDelimiter(byte: number, reason: "chunk-size-malformed" | "chunk-extension-malformed"): Refusal | undefined {
    if (byte === CR) this.#state = LINE_LF;
    else if (byte === SEMICOLON) this.#state = BEFORE_NAME;
    // RFC 9110, section 5.6.3, BWS: senders should not write white space here, but recipients accept it.
    else if (isSpace(byte)) this.#state = this.#state === NAME ? AFTER_NAME : BEFORE_SEMICOLON;
    else return refusalOfByte(byte, reason);
    return undefined;
  }

  #takeExtension(byte: number): Refusal | undefined {
    switch (this.#state) {
      case BEFORE_NAME:
      case BEFORE_VALUE:
        if (isSpace(byte)) return undefined;
        if (byte === QUOTE && this.#state === BEFORE_VALUE) {
          this.#state = QUOTED;
          return undefined;
        }
        if (!isOf(byte, TOKEN)) return refusalOfByte(byte, "chunk-extension-malformed");
        this.#state = this.#state === BEFORE_NAME ? NAME : VALUE;
        return undefined;
      case BEFORE_SEMICOLON:
      case AFTER_NAME:
        if (isSpace(byte)) return undefined;
        if (byte === SEMICOLON) this.#state = BEFORE_NAME;
        else if (byte === EQUALS && this.#state === AFTER_NAME) this.#state = BEFORE_VALUE;
        else return refusalOfByte(byte, "chunk-extension-malformed");
        return undefined;
      case QUOTED:
        if (byte === QUOTE) this.#state = AFTER_QUOTED;
        else if (byte === BACKSLASH) this.#state = ESCAPED;
        else if (!isOf(byte, QUOTED_TEXT)) return refusalOfByte(byte, "chunk-extension-malformed");
        return undefined;
      case ESCAPED:
        if (!isOf(byte, QUOTED_TEXT) && byte !== QUOTE && byte !== BACKSLASH) {
          return refusalOfByte(byte, "chunk-extension-malformed");
        }
        this.#state = QUOTED;
        return undefined;
      case NAME:
        if (byte === EQUALS) {
          this.#state = BEFORE_VALUE;
          return undefined;
        }
        break;
    }
    if (this.#state !== AFTER_QUOTED && isOf(byte, TOKEN)) return undefined;
    return this.#takeDelimiter(byte, "chunk-extension-malformed");
  }

  #startChunk(): void {
    this.#digits = 0;
    this.#lineBytes = 0;
    this.#state = this.#size === 0 ? TRAILERS : DATA;
  }

  #takeTrailers(bytes: Uint8Array, to: number): BodyEnd | Refusal | undefined {
    if (this.#trailers === undefined) {
      this.#trailers = new FieldScanner(this.#limits.maxTrailerBytes, this.#limits.maxTrailerFields);
      this.#trailers.start(0);
    }
    if (this.#partial === undefined) {
      const base = this.at;
      const end = this.#scanTrailers(this.#trailers, bytes, base, to);
      this.at = end === undefined ? to : base + this.#trailers.at;
      if (end !== undefined) return end;
      this.#partial = new PartialSection();
      this.#partial.keep(bytes, base, to);
      return undefined;
    }
    while (this.at < to) {
      const before = this.#partial.length;
      const count = this.#partial.append(bytes, this.at, to);
      const end = this.#scanTrailers(this.#trailers, this.#partial.bytes, 0, before + count);
      this.at += end === undefined ? count : this.#trailers.at - before;
      if (end !== undefined) return end;
    }
    return undefined;
  }

  #scanTrailers(trailers: FieldScanner, bytes: Uint8Array, base: number, to: number): BodyEnd | Refusal | undefined {
    const found = trailers.scan(bytes, base, to);
    if (found === false) return undefined;
    if (found instanceof Refusal) return found;
    this.#state = ENDED;
    this.#partial = undefined;
    const text = latin1(bytes, base, base + trailers.at);
    return new BodyEnd(trailersOf(new Fields(text, trailers.marks())));
  }
}

function hexDigit(byte: number): number {
  if (byte >= 48 && byte <= 57) return byte - 48;
  const letter = byte | 0x20;
  return letter >= 97 && letter <= 102 ? letter - 87 : -1;
}

function isSpace(byte: number): boolean {
  return byte === SPACE || byte === HTAB;
}

function isOf(byte: number, byteClass: number): boolean {
  return ((BYTE_CLASS[byte] ?? 0) & byteClass) !== 0;
}
