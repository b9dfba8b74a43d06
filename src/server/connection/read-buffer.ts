/** Unread records, which may be empty; at this number the connection pauses reading. */
export const MAX_READ_BUFFER_RECORDS = 1024;
/** Pieces of a stream are joined up to this size: a peer that sends byte by byte costs little more memory than its bytes. */
export const JOINED_BYTES = 4 * 1024;

/** Received bytes that were not read yet: a queue of pieces from which any number of bytes can be taken. */
export class ReadBuffer {
  readonly #isRecords: boolean;
  // Mostly there is one piece or none, and an idle connection has no array.
  #first: Buffer | undefined;
  #rest: Buffer[] | undefined;
  #bytes = 0;

  constructor(isRecords: boolean) {
    this.#isRecords = isRecords;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Whether it is empty, without even an empty record. */
  get isEmpty(): boolean {
    return this.#first === undefined;
  }

  /** Whether this many bytes are buffered, or the maximum number of records. */
  isFull(maxBytes: number): boolean {
    return this.#bytes >= maxBytes || (this.#rest !== undefined && this.#rest.length >= MAX_READ_BUFFER_RECORDS - 1);
  }

  /** Adds a copy. */
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

  /** Takes this many bytes, which must be buffered. */
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

  /** Puts bytes before all others, as a record of their own. They are not copied. */
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
   * The offset of the delimiter, searched from `from`; -1 when it is absent. A caller that searches again later, from
   * the end of the searched part, examines each byte once: the pieces before `from` are not touched, and none is copied.
   */
  indexOf(delimiter: Uint8Array, from: number): number {
    const pieces = this.#rest?.length ?? 0;
    // Searched from the back: new pieces are at the end of a long queue.
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

  /** The offset in a piece of a delimiter that ends in a later one; -1 when there is none. */
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
