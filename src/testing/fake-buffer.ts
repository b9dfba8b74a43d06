/** What a record costs of a buffer besides its bytes, so that empty ones are bounded too. */
const FAKE_RECORD_OVERHEAD_BYTES = 64;

/** A record, or a piece of a stream. */
interface Piece {
  readonly bytes: Uint8Array;
  /** The sockaddr that it came from; empty for none. */
  readonly from: Uint8Array;
}

/** What a receive took. */
export interface Taken {
  /** What was written into the rooms. */
  readonly bytes: number;
  /** What the record had: more than was written when it was cut. */
  readonly fullBytes: number;
  readonly from: Uint8Array;
}

/** What has come for a socket of the fake kernel and was not read: a stream's bytes or whole records, up to a limit. */
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

  /** Whether its sender is told of room: unix_writable() of the kernel, three quarters are free. */
  get isWritable(): boolean {
    return this.#usedBytes * 4 <= this.#limitBytes;
  }

  /** Whether a record can ever have room. */
  fits(bytes: number): boolean {
    return bytes <= this.#limitBytes;
  }

  /** How many bytes it took, which is all or none of a record; undefined when there is no room. */
  put(pieces: readonly Uint8Array[], from: Uint8Array): number | undefined {
    const bytes = Buffer.concat(pieces);
    if (this.#isStream && bytes.length === 0) return 0;
    const cost = this.#costOf(bytes.length);
    const room = this.#limitBytes - this.#usedBytes;
    if (this.#isStream ? room <= 0 : this.#usedBytes > 0 && cost > room) return undefined;
    const taken = this.#isStream ? bytes.subarray(0, room) : bytes;
    this.#pieces.push({ bytes: taken, from });
    this.#usedBytes += this.#costOf(taken.length);
    return taken.length;
  }

  /** The next bytes or the next record; `isPeek` leaves them. There has to be something. */
  take(rooms: readonly Uint8Array[], isPeek: boolean): Taken {
    const roomBytes = rooms.reduce((sum, room) => sum + room.length, 0);
    const taken = this.#isStream ? this.#bytesUpTo(roomBytes) : this.#pieces.slice(0, 1);
    const bytes = Buffer.concat(taken.map((piece) => piece.bytes));
    let written = 0;
    for (const room of rooms) {
      room.set(bytes.subarray(written, written + room.length));
      written = Math.min(bytes.length, written + room.length);
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
