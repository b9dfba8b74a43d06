/** Buffer space in bytes that a record takes in addition to its data, so that the number of empty records is limited too. */
const FAKE_RECORD_OVERHEAD_BYTES = 64;

/** A record, or a piece of a stream. */
interface Piece {
  readonly bytes: Uint8Array;
  /** The sockaddr of the sender; empty for none. */
  readonly from: Uint8Array;
}

/** The result of a receive. */
export interface ReceivedBytes {
  /** Bytes written into the caller's buffers. */
  readonly bytes: number;
  /** Bytes of the record; more than were written when it was truncated. */
  readonly fullBytes: number;
  readonly from: Uint8Array;
}

/** The receive buffer of a fake socket: bytes of a stream, or whole records, up to a limit. */
export class FakeBuffer {
  readonly #isStream: boolean;
  readonly #limitBytes: number;
  #pieces: Piece[] = [];
  #usedBytes = 0;

  constructor(isStream: boolean, limitBytes: number) {
    this.#isStream = isStream;
    this.#limitBytes = limitBytes;
  }

  get isEmpty(): boolean {
    return this.#pieces.length === 0;
  }

  /** Whether the sender is writable: three quarters are free, as unix_writable() of the kernel demands. */
  get isWritable(): boolean {
    return this.#usedBytes * 4 <= this.#limitBytes;
  }

  /** Whether a record of this size fits an empty buffer. */
  fits(bytes: number): boolean {
    return bytes <= this.#limitBytes;
  }

  /** Appends bytes, of a record all or none. Returns how many it took; undefined when the buffer is full. */
  put(pieces: readonly Uint8Array[], from: Uint8Array): number | undefined {
    const bytes = Buffer.concat(pieces);
    if (this.#isStream && bytes.length === 0) return 0;
    const cost = this.#costOf(bytes.length);
    const freeBytes = this.#limitBytes - this.#usedBytes;
    if (this.#isStream ? freeBytes <= 0 : this.#usedBytes > 0 && cost > freeBytes) return undefined;
    const taken = this.#isStream ? bytes.subarray(0, freeBytes) : bytes;
    this.#pieces.push({ bytes: taken, from });
    this.#usedBytes += this.#costOf(taken.length);
    return taken.length;
  }

  /** Takes the next bytes or the next record; `isPeek` leaves them in the buffer, which must not be empty. */
  take(buffers: readonly Uint8Array[], isPeek: boolean): ReceivedBytes {
    const capacityBytes = buffers.reduce((sum, buffer) => sum + buffer.length, 0);
    const taken = this.#isStream ? this.#bytesUpTo(capacityBytes) : this.#pieces.slice(0, 1);
    const bytes = Buffer.concat(taken.map((piece) => piece.bytes));
    let written = 0;
    for (const buffer of buffers) {
      buffer.set(bytes.subarray(written, written + buffer.length));
      written = Math.min(bytes.length, written + buffer.length);
    }
    if (!isPeek) this.#drop(taken, bytes.length);
    return { bytes: written, fullBytes: bytes.length, from: taken[0]?.from ?? new Uint8Array(0) };
  }

  clear(): void {
    this.#pieces = [];
    this.#usedBytes = 0;
  }

  #costOf(bytes: number): number {
    return this.#isStream ? bytes : bytes + FAKE_RECORD_OVERHEAD_BYTES;
  }

  #bytesUpTo(most: number): Piece[] {
    const pieces: Piece[] = [];
    let left = most;
    for (const piece of this.#pieces) {
      if (left === 0) break;
      const bytes = piece.bytes.subarray(0, left);
      pieces.push({ ...piece, bytes });
      left -= bytes.length;
    }
    return pieces;
  }

  #drop(taken: readonly Piece[], bytes: number): void {
    this.#usedBytes -= taken.length === 0 ? 0 : this.#costOf(bytes);
    const last = this.#pieces[taken.length - 1];
    const rest = last === undefined ? undefined : last.bytes.subarray(taken.at(-1)?.bytes.length ?? 0);
    this.#pieces = this.#pieces.slice(taken.length);
    if (last !== undefined && rest !== undefined && rest.length > 0) this.#pieces.unshift({ ...last, bytes: rest });
  }
}
