import { intact } from "../../socket/values.ts";

/** Small writes to a stream that cannot send share memory blocks of this size. */
export const CHUNK_BYTES = 4 * 1024;
/** Slots of sent pieces that may stay in the list before it is compacted. */
const MAX_LEFT_PLACES = 1024;

const GONE = new Uint8Array(0);
/** Any other piece without bytes was lent, and has lost its memory. */
const EMPTY_RECORD = new Uint8Array(0);

/**
 * Copies of the bytes that wait to be sent, and lent bytes: the pieces of a stream, of which small ones are joined, or records.
 * Small writes to a peer that does not read take little more memory than their bytes.
 */
export class PieceQueue {
  readonly #isRecords: boolean;
  readonly #pieces: Uint8Array[] = [];
  /** The index of the first piece that is not sent. */
  #first = 0;
  /** The memory of the last piece and how far it is filled: a further write fits after it. */
  #chunk: Uint8Array | undefined;
  #filled = 0;
  #hasLent = false;

  constructor(isRecords: boolean) {
    this.#isRecords = isRecords;
  }

  /** The number of pieces or records. */
  get length(): number {
    return this.#pieces.length - this.#first;
  }

  /** Whether a piece was lent, even one that was sent: each costs a view, however short it is. */
  get hasLent(): boolean {
    return this.#hasLent;
  }

  /** The next piece to send. Throws when it was lent and has lost its memory. */
  get front(): Uint8Array | undefined {
    const front = this.#pieces[this.#first];
    if (this.#hasLent && front !== undefined) checkIntact(front);
    return front;
  }

  /** The first pieces, at most this many. Throws as {@link front}. */
  some(count: number): readonly Uint8Array[] {
    const pieces = this.#pieces.slice(this.#first, this.#first + count);
    if (this.#hasLent) pieces.forEach(checkIntact);
    return pieces;
  }

  /** Keeps the bytes themselves: they must not change until they are sent. */
  addLent(bytes: Uint8Array): void {
    this.#chunk = undefined;
    this.#hasLent = true;
    // With this length, also if the view's length follows that of its memory.
    const { buffer, byteOffset, length } = bytes;
    this.#pieces.push(length === 0 ? EMPTY_RECORD : Buffer.from(buffer, byteOffset, length));
  }

  /** Keeps a copy that belongs to the queue. */
  addCopy(copy: Uint8Array): void {
    this.#chunk = undefined;
    this.#pieces.push(copy);
  }

  /** Keeps a copy. */
  add(bytes: Uint8Array): void {
    const last = this.#isRecords ? undefined : this.#pieces.at(-1);
    if (last === undefined || bytes.length >= CHUNK_BYTES) {
      this.#chunk = undefined;
      this.#pieces.push(bytes.length === 0 ? EMPTY_RECORD : Buffer.from(bytes));
    } else if (this.#chunk !== undefined && bytes.length <= this.#chunk.length - this.#filled) {
      this.#pieces[this.#pieces.length - 1] = this.#fill(this.#chunk, bytes, this.#filled - last.length);
    } else {
      // Each block is twice as long as the one before: a connection that waits for one small answer keeps little.
      const size = Math.max(bytes.length, Math.min(CHUNK_BYTES, 2 * last.length));
      this.#chunk = Buffer.allocUnsafe(size);
      this.#filled = 0;
      this.#pieces.push(this.#fill(this.#chunk, bytes, 0));
    }
  }

  /** Removes this many bytes, or the first record. */
  drop(count: number): void {
    let left = count;
    for (let piece = this.#pieces[this.#first]; piece !== undefined; piece = this.#pieces[this.#first]) {
      // The next piece may have been lent and have lost its memory: it has no bytes, and was not sent.
      if (left === 0 && !this.#isRecords) break;
      if (left < piece.length) {
        this.#pieces[this.#first] = piece.subarray(left);
        break;
      }
      left -= piece.length;
      this.#pieces[this.#first++] = GONE;
      // An empty record was sent with its own call; later ones were not.
      if (this.#isRecords) break;
    }
    // A shift for each piece would move all others each time.
    if (this.#first < MAX_LEFT_PLACES && this.length > 0) return;
    this.#pieces.splice(0, this.#first);
    this.#first = 0;
  }

  #fill(chunk: Uint8Array, bytes: Uint8Array, from: number): Uint8Array {
    chunk.set(bytes, this.#filled);
    this.#filled += bytes.length;
    return chunk.subarray(from, this.#filled);
  }
}

function checkIntact(piece: Uint8Array): void {
  if (piece.length === 0 && piece !== EMPTY_RECORD) intact("bytes", piece, 1);
}
