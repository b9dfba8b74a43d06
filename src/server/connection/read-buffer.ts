/** With so many records, which may be empty, a connection that nobody reads from is not read from. */
export const MAX_READ_BUFFER_RECORDS = 1024;
/** Pieces of a stream are joined up to here: who sends byte by byte takes hardly more memory than the bytes themselves. */
export const JOINED_BYTES = 4 * 1024;

/** What came and was not read yet: a queue of pieces, of which any number of bytes can be taken. */
export class ReadBuffer {
  readonly #isRecords: boolean;
  // Most often there is one piece or none, and an idle connection has no array.
  #first: Buffer | undefined;
  #rest: Buffer[] | undefined;
  #bytes = 0;

  constructor(isRecords: boolean) {
    this.#isRecords = isRecords;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Not even an empty record is there. */
  get isEmpty(): boolean {
    return this.#first === undefined;
  }

  /** Whether so many bytes are there, or as many records as are kept. */
  isFull(maxBytes: number): boolean {
    return this.#bytes >= maxBytes || (this.#rest !== undefined && this.#rest.length >= MAX_READ_BUFFER_RECORDS - 1);
  }

  /** Keeps a copy. */
  add(bytes: Uint8Array): void {
    this.#bytes += bytes.length;
    const last = this.#rest?.at(-1) ?? this.#first;
    if (last === undefined) {
      this.#first = Buffer.from(bytes);
    } else if (!this.#isRecords && last.length + bytes.length <= JOINED_BYTES) {
      this.#replaceLast(Buffer.concat([last, bytes]));
    } else {
      this.#rest ??= [];
      this.#rest.push(Buffer.from(bytes));
    }
  }

  /** The oldest piece; undefined when there is none. */
  shift(): Buffer | undefined {
    const piece = this.#first;
    if (piece === undefined) return undefined;
    this.#bytes -= piece.length;
    this.#first = this.#rest?.shift();
    if (this.#rest?.length === 0) this.#rest = undefined;
    return piece;
  }

  /** So many bytes, which must be there. */
  take(count: number): Buffer {
    const first = this.#first;
    if (first !== undefined && first.length === count) {
      this.shift();
      return first;
    }
    const taken = Buffer.allocUnsafe(count);
    for (let at = 0; at < count; ) {
      const piece = this.#first;
      if (piece === undefined) throw new RangeError(`${count} bytes of ${at}`);
      const copied = piece.copy(taken, at, 0, count - at);
      at += copied;
      if (copied === piece.length) {
        this.shift();
      } else {
        this.#bytes -= copied;
        this.#first = piece.subarray(copied);
      }
    }
    return taken;
  }

  /** Puts bytes before all that is there, as a record of their own. They are not copied. */
  unshift(bytes: Uint8Array): void {
    const piece = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
    this.#bytes += piece.length;
    if (this.#first !== undefined) {
      this.#rest ??= [];
      this.#rest.unshift(this.#first);
    }
    this.#first = piece;
  }

  /**
   * Where the delimiter begins, looking from `from`; -1 when it is not there. Whoever looks again when more has come, from
   * behind what it has looked at, has each byte looked at once: the pieces before `from` are not touched, and none is copied.
   */
  indexOf(delimiter: Uint8Array, from: number): number {
    const pieces = this.#rest?.length ?? 0;
    // Found from the back: in a long queue, what is new is at its end.
    let index = pieces;
    let start = this.#bytes - (this.#piece(index)?.length ?? 0);
    for (; index > 0 && start > from; start -= this.#piece(index)?.length ?? 0) index--;
    for (; index <= pieces; index++) {
      const piece = this.#piece(index);
      if (piece === undefined) break;
      const within = piece.indexOf(delimiter, Math.max(0, from - start));
      if (within >= 0) return start + within;
      const across = this.#indexAcross(delimiter, index, Math.max(0, from - start));
      if (across >= 0) return start + across;
      start += piece.length;
    }
    return -1;
  }

  clear(): void {
    this.#first = undefined;
    this.#rest = undefined;
    this.#bytes = 0;
  }

  /** Where in a piece the delimiter begins that ends in a later one; -1 when it does not. */
  #indexAcross(delimiter: Uint8Array, index: number, from: number): number {
    const piece = this.#piece(index);
    if (piece === undefined || delimiter.length === 1) return -1;
    const begin = Math.max(from, piece.length - delimiter.length + 1);
    const seam = [piece.subarray(begin)];
    let wanted = delimiter.length - 1;
    for (let next = index + 1; wanted > 0; next++) {
      const following = this.#piece(next)?.subarray(0, wanted);
      if (following === undefined) break;
      seam.push(following);
      wanted -= following.length;
    }
    const at = Buffer.concat(seam).indexOf(delimiter);
    return at < 0 ? -1 : begin + at;
  }

  #piece(index: number): Buffer | undefined {
    return index === 0 ? this.#first : this.#rest?.[index - 1];
  }

  #replaceLast(piece: Buffer): void {
    if (this.#rest === undefined) this.#first = piece;
    else this.#rest[this.#rest.length - 1] = piece;
  }
}
