/** The longest line; of what is longer only so much is kept. A message has at most 4 KiB, and its name before it. */
export const MAX_LINE_BYTES = 64 * 1024;

const LF = 0x0a;
const CR = 0x0d;

/** A line without its end. */
export interface Line {
  readonly bytes: Uint8Array;
  /** It was longer than the limit, and this is its beginning. */
  readonly isCut: boolean;
}

/** Lines out of pieces of bytes. They end with LF, or with CR LF as those of telnet do. */
export class LineSplitter {
  readonly #maxBytes: number;
  #pieces: Uint8Array[] = [];
  #bytes = 0;
  #isCut = false;

  constructor(maxBytes = MAX_LINE_BYTES) {
    this.#maxBytes = maxBytes;
  }

  *push(bytes: Uint8Array): Generator<Line, void> {
    let from = 0;
    for (let at = bytes.indexOf(LF); at >= 0; at = bytes.indexOf(LF, from)) {
      this.#keep(bytes.subarray(from, at));
      from = at + 1;
      yield this.#take();
    }
    this.#keep(bytes.subarray(from));
  }

  /** The last line, where it has no end. */
  end(): Line | undefined {
    return this.#bytes === 0 ? undefined : this.#take();
  }

  #keep(bytes: Uint8Array): void {
    const kept = bytes.subarray(0, this.#maxBytes - this.#bytes);
    if (kept.length < bytes.length) this.#isCut = true;
    if (kept.length === 0) return;
    // The piece is lent.
    this.#pieces.push(Uint8Array.from(kept));
    this.#bytes += kept.length;
  }

  #take(): Line {
    const bytes = Buffer.concat(this.#pieces);
    const isCut = this.#isCut;
    this.#pieces = [];
    this.#bytes = 0;
    this.#isCut = false;
    return { bytes: bytes.at(-1) === CR && !isCut ? bytes.subarray(0, -1) : bytes, isCut };
  }
}
