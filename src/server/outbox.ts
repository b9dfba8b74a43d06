/** Writes of one turn are gathered up to here, in memory that all connections share. */
export const GATHERED_BYTES = 256 * 1024;
/** sysconf(3), _SC_IOV_MAX: sendmsg(2) takes at most this many pieces. */
const MAX_PIECES = 1024;

/** One system call: how many bytes were taken, or undefined when there is no room for any. */
export interface Sender {
  /** A part of a stream, or one record. */
  send(bytes: Uint8Array, offset: number, length: number): number | undefined;
  /** Several parts of a stream. */
  sendMany(pieces: readonly Uint8Array[]): number | undefined;
}

const shared = new Uint8Array(GATHERED_BYTES);
let sharedEnd = 0;
let sharers = 0;

/**
 * What was written and is not sent yet. The writes of a turn lie one behind the other in the shared memory for as long as
 * no other connection writes between them, so that a write costs no memory of its own; what outlives the turn is copied.
 */
export class Outbox {
  readonly #isRecords: boolean;
  readonly #pieces: Uint8Array[] = [];
  #start = -1;
  #end = -1;
  #bytes = 0;

  constructor(isRecords: boolean) {
    this.#isRecords = isRecords;
  }

  get bytes(): number {
    return this.#bytes;
  }

  get isEmpty(): boolean {
    return this.#start < 0 && this.#pieces.length === 0;
  }

  /** Keeps a copy of the bytes: behind what is there, or as a record. */
  add(bytes: Uint8Array): void {
    this.#bytes += bytes.length;
    if (this.#isRecords || !this.#share(bytes)) {
      this.#keep(0);
      this.#pieces.push(Buffer.from(bytes));
    }
  }

  /** Has the sender send all that it takes, in one system call on a stream, and in one for each record. */
  flush(sender: Sender): void {
    if (this.#start >= 0) {
      this.#keep(sender.send(shared, this.#start, this.#end - this.#start) ?? 0);
      return;
    }
    while (this.#pieces.length > 0) {
      const [first] = this.#pieces;
      if (first === undefined) return;
      const isAlone = this.#isRecords || this.#pieces.length === 1;
      const taken = isAlone ? sender.send(first, 0, first.length) : sender.sendMany(this.#pieces.slice(0, MAX_PIECES));
      if (taken === undefined) return;
      this.#drop(taken);
      if (!this.#isRecords) return;
    }
  }

  clear(): void {
    if (this.#start >= 0) this.#release();
    this.#pieces.length = 0;
    this.#bytes = 0;
  }

  #share(bytes: Uint8Array): boolean {
    if (this.#pieces.length > 0 || bytes.length > GATHERED_BYTES - sharedEnd) return false;
    if (this.#start < 0) {
      this.#start = sharedEnd;
      sharers++;
    } else if (this.#end !== sharedEnd) {
      return false;
    }
    shared.set(bytes, sharedEnd);
    sharedEnd += bytes.length;
    this.#end = sharedEnd;
    return true;
  }

  /** Leaves the shared memory: all but the first bytes, which were sent, become a piece of our own. */
  #keep(sent: number): void {
    if (this.#start < 0) return;
    this.#bytes -= sent;
    const from = this.#start + sent;
    if (from < this.#end) this.#pieces.push(Buffer.from(shared.subarray(from, this.#end)));
    this.#release();
  }

  #release(): void {
    this.#start = -1;
    this.#end = -1;
    if (--sharers === 0) sharedEnd = 0;
  }

  #drop(count: number): void {
    this.#bytes -= count;
    let left = count;
    let gone = 0;
    for (const piece of this.#pieces) {
      if (left < piece.length) break;
      left -= piece.length;
      gone++;
      // An empty record is gone with its own call; the ones behind it are not.
      if (this.#isRecords) break;
    }
    this.#pieces.splice(0, gone);
    const [first] = this.#pieces;
    if (left > 0 && first !== undefined) this.#pieces[0] = first.subarray(left);
  }
}
