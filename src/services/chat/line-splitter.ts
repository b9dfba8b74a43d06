const LF = 10;
const CR = 13;
const NOTHING = new Uint8Array(0);

/** A received line without its end. If the line is too long, it has only its beginning; the next line is not affected. */
export interface InputLine {
  readonly type: "line" | "too-long";
  readonly bytes: Uint8Array;
  readonly endsWithCr: boolean;
}

/** Splits bytes into lines, and buffers at most one incomplete line. */
export class LineSplitter {
  readonly #maxBytes: number;
  #rest: Uint8Array = NOTHING;
  /** Set while the rest of a line that is too long is dropped. */
  #isSkipping = false;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** Returns the lines that these bytes complete. */
  *take(bytes: Uint8Array): Generator<InputLine, void> {
    let at = 0;
    for (let end = bytes.indexOf(LF); end >= 0; end = bytes.indexOf(LF, at)) {
      const line = this.#join(bytes.subarray(at, end));
      at = end + 1;
      if (this.#isSkipping) this.#isSkipping = false;
      else yield this.#lineOf(line);
    }
    if (this.#isSkipping) return;
    const rest = this.#join(bytes.subarray(at));
    // A CR may be the first half of CR LF.
    if (rest.length <= this.#maxBytes + 1) {
      this.#rest = Uint8Array.from(rest);
      return;
    }
    this.#isSkipping = true;
    yield this.#beginningOf(rest);
  }

  /** Returns the last line, which has no line end. */
  *end(): Generator<InputLine, void> {
    const rest = this.#join(NOTHING);
    if (rest.length > 0) yield this.#lineOf(rest);
  }

  #lineOf(line: Uint8Array): InputLine {
    const endsWithCr = line.at(-1) === CR;
    const bytes = endsWithCr ? line.subarray(0, -1) : line;
    return bytes.length > this.#maxBytes ? this.#beginningOf(bytes) : { type: "line", bytes, endsWithCr };
  }

  #beginningOf(line: Uint8Array): InputLine {
    return { type: "too-long", bytes: line.subarray(0, this.#maxBytes), endsWithCr: false };
  }

  #join(bytes: Uint8Array): Uint8Array {
    const rest = this.#rest;
    if (rest.length === 0) return bytes;
    this.#rest = NOTHING;
    return Buffer.concat([rest, bytes]);
  }
}
