/** The units of what a file reads: bytes, or the characters of the text that they encode. */
export interface Units<T> {
  readonly empty: T;
  join(pieces: readonly T[]): T;
  slice(piece: T, from: number, to?: number): T;
  /** What is counted for `read(size)`: bytes, or characters, of which one may have two units of a JavaScript string. */
  countOf(piece: T): number;
  /** How many units the first `count` of those have. */
  unitsOf(piece: T, count: number): number;
  /** What it takes as UTF-8, or as bytes. */
  bytesOf(piece: T): number;
  /** Where the line that `piece` has at `from` ends, behind its end; -1 when it does not. `before` is the piece before. */
  lineEnd(piece: T, from: number, before: T | undefined): number;
}

/**
 * The largest piece that is joined with a piece of at most its size before it; larger ones stay separate. A peer that sends
 * byte by byte would otherwise cost a hundred bytes of memory for each byte: a byte is copied as often as its piece doubles.
 */
const SMALL_PIECE_BYTES = 2_048;

/** The received pieces that were not taken yet. They are joined when a part is taken. */
export class Pieces<T extends string | Buffer> {
  /** How much there is, counted as `read(size)` does. */
  count = 0;
  /** What limits of memory are compared with. */
  bytes = 0;
  readonly #units: Units<T>;
  #pieces: T[] = [];
  /** So many units of the first piece are taken. */
  #start = 0;
  /** No line ends in so many pieces, of so many units. */
  #searched = 0;
  #searchedUnits = 0;

  constructor(units: Units<T>) {
    this.#units = units;
  }

  get isEmpty(): boolean {
    return this.#pieces.length === 0;
  }

  push(piece: T): void {
    if (piece.length === 0) return;
    this.#pieces.push(piece);
    this.#add(piece);
    this.#joinSmall();
  }

  /** Gives back what was taken last. */
  unread(piece: T): void {
    if (piece.length === 0) return;
    const rest = this.takeUnits(Number.POSITIVE_INFINITY);
    this.push(piece);
    this.push(rest);
  }

  /** How many units the first line has; -1 when its end has not come. */
  lineEnd(): number {
    const pieces = this.#pieces;
    for (let index = this.#searched; index < pieces.length; index++) {
      const piece = pieces[index] ?? this.#units.empty;
      const from = index === 0 ? this.#start : 0;
      const end = this.#units.lineEnd(piece, from, index === 0 ? undefined : pieces[index - 1]);
      if (end >= 0) return this.#searchedUnits + end - from;
      this.#searched = index + 1;
      this.#searchedUnits += piece.length - from;
    }
    return -1;
  }

  /** How much memory the first `units` units take. */
  bytesOf(units: number): number {
    return this.#units.bytesOf(this.#first(units));
  }

  /** How many units the first `count` bytes or characters have; -1 when there are not so many. */
  unitsOf(count: number): number {
    if (count > this.count) return -1;
    let left = count;
    let units = 0;
    for (const [index, whole] of this.#pieces.entries()) {
      const piece = index === 0 ? this.#units.slice(whole, this.#start) : whole;
      const here = this.#units.unitsOf(piece, left);
      units += here;
      if (here < piece.length) break;
      left -= this.#units.countOf(piece);
      if (left === 0) break;
    }
    return units;
  }

  /** Takes so many bytes or characters, or all when there are fewer. */
  take(count: number): T {
    return this.takeUnits(count >= this.count ? Number.POSITIVE_INFINITY : this.unitsOf(count));
  }

  /** Takes so many units, or all when there are fewer. */
  takeUnits(units: number): T {
    const taken = this.#pieces.length === 1 ? this.#takeOfOne(units) : this.#takeOfSeveral(units);
    this.#searched = 0;
    this.#searchedUnits = 0;
    this.count -= this.#units.countOf(taken);
    this.bytes -= this.#units.bytesOf(taken);
    return taken;
  }

  /** All that is there, which stays. */
  peek(): T {
    return this.#first(Number.POSITIVE_INFINITY);
  }

  /** What came as one piece, most often a line, is taken as it is. */
  #takeOfOne(units: number): T {
    const [piece = this.#units.empty] = this.#pieces;
    const start = this.#start;
    if (piece.length - start > units) {
      this.#start = start + units;
      return this.#units.slice(piece, start, this.#start);
    }
    this.#pieces.length = 0;
    this.#start = 0;
    return start === 0 ? piece : this.#units.slice(piece, start);
  }

  #takeOfSeveral(units: number): T {
    const { parts, index, start } = this.#split(units);
    if (index > 0) this.#pieces.splice(0, index);
    this.#start = start;
    return this.#joined(parts);
  }

  #joinSmall(): void {
    const pieces = this.#pieces;
    // The first piece stays as it is while a part of it is taken.
    while (pieces.length > (this.#start > 0 ? 2 : 1)) {
      const [before, last] = pieces.slice(-2);
      if (before === undefined || last === undefined) return;
      if (before.length > last.length || last.length > SMALL_PIECE_BYTES) return;
      pieces.splice(-2, 2, this.#units.join([before, last]));
      // The end of a line is looked for once more in what was searched of them.
      if (this.#searched < pieces.length) continue;
      this.#searched = pieces.length - 1;
      this.#searchedUnits -= before.length;
    }
  }

  #add(piece: T): void {
    this.count += this.#units.countOf(piece);
    this.bytes += this.#units.bytesOf(piece);
  }

  #first(units: number): T {
    return this.#joined(this.#split(units).parts);
  }

  #joined(parts: readonly T[]): T {
    const [only = this.#units.empty] = parts;
    return parts.length > 1 ? this.#units.join(parts) : only;
  }

  /** The first units, and where the rest begins. */
  #split(units: number): { parts: T[]; index: number; start: number } {
    const parts: T[] = [];
    let left = units;
    let start = this.#start;
    for (const [index, piece] of this.#pieces.entries()) {
      if (piece.length - start > left) {
        if (left > 0) parts.push(this.#units.slice(piece, start, start + left));
        return { parts, index, start: start + left };
      }
      parts.push(start === 0 ? piece : this.#units.slice(piece, start));
      left -= piece.length - start;
      start = 0;
    }
    return { parts, index: this.#pieces.length, start: 0 };
  }
}
