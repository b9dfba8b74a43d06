import { Buffer } from "node:buffer";
import type { LinkSocket, Sender } from "../transport/link.ts";
import { CHUNK_BYTES, PieceQueue } from "./piece-queue.ts";
import type { PromiseWaiter } from "./wait.ts";

/**
 * Memory for the writes of one turn, which all connections share: a small message to each connection of a server's default
 * maximum. The kernel gives pages as they are first written.
 */
export const GATHERED_BYTES = 1024 * 1024;
/** From this length on, equal bytes written to several connections in a turn are copied once; for shorter ones a copy is cheaper. */
const SHARED_COPY_BYTES = 512;
/** sysconf(3), _SC_IOV_MAX: sendmsg(2) takes at most this many pieces. */
const MAX_PIECES = 1024;
/** The bytes that a waiting record or lent piece counts in addition to its own, so that the number of short ones is bounded too. */
export const RECORD_OVERHEAD_BYTES = 64;

/** Writes a frame into memory, as a codec does. */
export interface FrameEncoder<T> {
  encodeInto?(frame: T, memory: Buffer, at: number): number | undefined;
}

/** A waiter for the time when this many bytes are sent. */
interface Mark {
  readonly at: number;
  readonly waiters: PromiseWaiter[];
}

const NOBODY: readonly PromiseWaiter[] = [];

/** The offset of the bytes. */
export const GATHERED = Buffer.allocUnsafeSlow(GATHERED_BYTES);
/** Emptied buffers to keep for reuse: each turn empties one for each connection that wrote. */
const MAX_FREE_BUFFERS = 256;

const free: WriteBuffer[] = [];
let sharedEnd = 0;
let sharers = 0;

/** A write of this turn, whose copy the next write of the same bytes can use: a broadcast writes them to every connection. */
interface Copy {
  source: Uint8Array | undefined;
  bytes: Uint8Array;
}

const NO_BYTES = GATHERED.subarray(0, 0);
/** The last copy in the shared memory, for connections that send in this turn; the memory is reused afterwards. */
const lastShared: Copy = { source: undefined, bytes: NO_BYTES };
/** The offset of the copy. */
let sharedStart = -1;
/** The last copy with memory of its own, for connections that have to wait. */
const lastKept: Copy = { source: undefined, bytes: NO_BYTES };

/** The turn has ended. */
export function forgetCopies(): void {
  forget(lastShared);
  forget(lastKept);
}

function forget(copy: Copy): void {
  copy.source = undefined;
  copy.bytes = NO_BYTES;
}

/** The same memory may have other bytes by now. */
function isOf(copy: Copy, bytes: Uint8Array): boolean {
  return bytes === copy.source && bytes.length === copy.bytes.length && GATHERED.compare.call(copy.bytes, bytes) === 0;
}

function keptCopy(bytes: Uint8Array): Uint8Array {
  if (!isOf(lastKept, bytes)) {
    lastKept.bytes = Buffer.from(bytes);
    lastKept.source = bytes;
  }
  return lastKept.bytes;
}

/**
 * Bytes that were written and not sent yet. The writes of a turn are contiguous in the shared memory as long as
 * no other connection writes between them, so that a write allocates no memory; bytes that outlive the turn are copied.
 */
export class WriteBuffer {
  readonly #isRecords: boolean;
  /** Mostly absent: an idle connection has no queue. */
  #queue: PieceQueue | undefined;
  #start = -1;
  #end = -1;
  #bytes = 0;
  /** The number of sent bytes, plus one for each record: an empty one counts, too. */
  #sent = 0;
  #marks: Mark[] | undefined;

  constructor(isRecords: boolean) {
    this.#isRecords = isRecords;
  }

  /** Returns an emptied buffer, or a new one. */
  static take(isRecords: boolean): WriteBuffer {
    return (isRecords ? undefined : free.pop()) ?? new WriteBuffer(isRecords);
  }

  /** It is empty, has no waiters, and no owner any more. */
  giveBack(): void {
    if (this.#isRecords || free.length === MAX_FREE_BUFFERS) return;
    this.#sent = 0;
    this.#marks = undefined;
    free.push(this);
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** The count that the marks and the cap apply to. */
  get loadBytes(): number {
    const queue = this.#queue;
    if (queue === undefined || !(this.#isRecords || queue.hasLent)) return this.#bytes;
    return this.#bytes + queue.length * RECORD_OVERHEAD_BYTES;
  }

  get isEmpty(): boolean {
    return this.#start < 0 && this.#queue === undefined;
  }

  /** Adds a copy of the bytes, after the others or as a record. Adds no empty piece to a stream: no send would ever remove it. */
  add(bytes: Uint8Array): void {
    if (bytes.length === 0 && !this.#isRecords) return;
    this.#bytes += bytes.length;
    if (!this.#isRecords && this.#share(bytes)) return;
    this.#keep(0);
    this.#queue ??= new PieceQueue(this.#isRecords);
    if (bytes.length >= CHUNK_BYTES) this.#queue.addCopy(keptCopy(bytes));
    else this.#queue.add(bytes);
  }

  /** As {@link add}, but keeps the bytes themselves. */
  addLent(bytes: Uint8Array): void {
    if (bytes.length === 0 && !this.#isRecords) return;
    this.#bytes += bytes.length;
    this.#keep(0);
    this.#queue ??= new PieceQueue(this.#isRecords);
    this.#queue.addLent(bytes);
  }

  /**
   * Adds a frame that its codec writes into the shared memory, without a copy. Undefined if that is impossible, or if more
   * than `mostBytes` would wait: then nothing was added.
   */
  addFrame<T>(encoder: FrameEncoder<T>, frame: T, mostBytes: number): number | undefined {
    if (this.#isRecords || !this.#canShare()) return undefined;
    const bytes = encoder.encodeInto?.(frame, GATHERED, sharedEnd);
    if (bytes === undefined || this.#bytes + bytes > mostBytes) return undefined;
    this.#bytes += bytes;
    if (bytes > 0) this.#shared(bytes);
    return bytes;
  }

  /**
   * Makes the sender send what it takes, with one system call on a stream, and with one per record. Throws a TypeError when
   * lent memory is gone.
   *
   * @param hasMore - bytes that the link sends by itself follow at once.
   */
  flush(sender: Sender, hasMore = false): void {
    if (this.#start >= 0) {
      this.#keep(sender.send(GATHERED, this.#start, this.#end - this.#start, hasMore) ?? 0);
      return;
    }
    for (let queue = this.#queue; queue !== undefined; queue = this.#queue) {
      const { front } = queue;
      if (front === undefined) return;
      const isAlone = this.#isRecords || queue.length === 1;
      const taken = isAlone
        ? sender.send(front, 0, front.length, hasMore)
        : sender.sendMany(queue.some(MAX_PIECES), hasMore);
      if (taken === undefined) return;
      this.#bytes -= taken;
      this.#sent += this.#isRecords ? taken + 1 : taken;
      queue.drop(taken);
      if (queue.length === 0) this.#queue = undefined;
      if (!this.#isRecords) return;
    }
  }

  /** Adds a send of everything to the list, if one send of the shared memory does it. See `TurnWriter`. */
  stage({ slot, generation }: LinkSocket, sends: Int32Array, at: number): boolean {
    if (this.#start < 0) return false;
    sends[at] = slot;
    sends[at + 1] = generation;
    sends[at + 2] = this.#start;
    sends[at + 3] = this.#end - this.#start;
    return true;
  }

  /** Such a send has taken this many bytes. */
  staged(taken: number): void {
    this.#keep(taken);
  }

  /** The waiters for everything that is buffered now. */
  whenSent(): PromiseWaiter[] {
    // A record counts, even an empty one.
    const at = this.#sent + this.#bytes + (this.#isRecords ? (this.#queue?.length ?? 0) : 0);
    const last = this.#marks?.at(-1);
    if (last?.at === at) return last.waiters;
    const waiters: PromiseWaiter[] = [];
    this.#marks ??= [];
    this.#marks.push({ at, waiters });
    return waiters;
  }

  /** The waiters whose bytes are all sent; undefined when there are none at all. */
  takeSent(): readonly PromiseWaiter[] | undefined {
    const marks = this.#marks;
    if (marks === undefined) return undefined;
    const count = marks.findIndex(({ at }) => at > this.#sent);
    return marks.splice(0, count < 0 ? marks.length : count).flatMap(({ waiters }) => waiters);
  }

  /** Drops everything; returns the waiters. */
  clear(): readonly PromiseWaiter[] {
    if (this.#start >= 0) this.#release();
    this.#queue = undefined;
    this.#bytes = 0;
    return this.#marks?.flatMap(({ waiters }) => waiters) ?? NOBODY;
  }

  #share(bytes: Uint8Array): boolean {
    if (!this.#canShare()) return false;
    const isShared = bytes.length >= SHARED_COPY_BYTES;
    if (isShared && this.#start < 0 && isOf(lastShared, bytes)) {
      sharers++;
      this.#start = sharedStart;
      this.#end = sharedStart + bytes.length;
      return true;
    }
    if (bytes.length > GATHERED_BYTES - sharedEnd) return false;
    GATHERED.set(bytes, sharedEnd);
    if (isShared) {
      sharedStart = sharedEnd;
      lastShared.source = bytes;
      lastShared.bytes = GATHERED.subarray(sharedEnd, sharedEnd + bytes.length);
    }
    this.#shared(bytes.length);
    return true;
  }

  /** Whether the next write can follow the earlier ones of this turn in memory. */
  #canShare(): boolean {
    return this.#queue === undefined && (this.#start < 0 || this.#end === sharedEnd);
  }

  /** This many bytes were put into the shared memory. */
  #shared(bytes: number): void {
    if (this.#start < 0) {
      this.#start = sharedEnd;
      sharers++;
    }
    sharedEnd += bytes;
    this.#end = sharedEnd;
  }

  /** Leaves the shared memory: the bytes after the first ones, which were sent, become a piece with its own memory. */
  #keep(sent: number): void {
    if (this.#start < 0) return;
    this.#bytes -= sent;
    this.#sent += sent;
    const from = this.#start + sent;
    if (from < this.#end) {
      this.#queue ??= new PieceQueue(this.#isRecords);
      this.#queue.add(GATHERED.subarray(from, this.#end));
    }
    this.#release();
  }

  #release(): void {
    this.#start = -1;
    this.#end = -1;
    if (--sharers > 0) return;
    sharedEnd = 0;
    forget(lastShared);
  }
}
