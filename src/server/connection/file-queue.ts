import { currentTurn } from "../../native/turn.ts";
import type { FilePages } from "../../socket/values.ts";
import type { Link, LinkFile } from "../transport/link.ts";
import { type PromiseWaiter, resolveWaiters } from "./wait.ts";
import type { WriteBuffer } from "./write-buffer.ts";

/** Bytes of files that a connection sends in one turn; then other connections have their turn. */
export const MAX_FILE_BYTES_PER_TURN = 2 * 1024 * 1024;

const NOTHING = new Uint8Array(0);

/** The part of a file that the link sends by itself, and has not sent yet. */
export interface FilePart {
  readonly file: LinkFile;
  readonly pages: FilePages;
  position: number;
  left: number;
}

/** The position of a file among the writes. */
export class QueuedFile {
  /** Bytes before those that the link sends by itself: earlier writes, the head, and copied parts. */
  readonly buffer: WriteBuffer;
  /** The head, until it is in the buffer: nothing of it is sent unless the file can be sent. */
  head: Uint8Array | undefined;
  part: FilePart | undefined;
  /** The waiter for that part. */
  waiter: PromiseWaiter | undefined;
  /** Whether the peer may have a part of it. */
  isBegun = false;
  /** Whether the file is complete or given up. */
  isOver = false;
  next: QueuedFile | undefined;

  constructor(buffer: WriteBuffer, head: Uint8Array | undefined) {
    this.buffer = buffer;
    this.head = head;
  }

  /** The caller lent it, and may change it later. */
  keepHead(): void {
    if (this.head !== undefined) this.head = Buffer.from(this.head);
  }

  get bytes(): number {
    return this.buffer.bytes + (this.head?.length ?? 0);
  }

  get loadBytes(): number {
    return this.buffer.loadBytes + (this.head?.length ?? 0);
  }
}

/**
 * The bytes of files that each link has sent in the turn. A queue exists only while it has files: a peer that takes many at once would
 * get a new one for each.
 */
let bytesInTurn = new WeakMap<Link, number>();
let turnOfBytes = -1;

function capacityInTurn(link: Link): number {
  const turn = currentTurn();
  if (turn !== turnOfBytes) bytesInTurn = new WeakMap();
  turnOfBytes = turn;
  return MAX_FILE_BYTES_PER_TURN - (bytesInTurn.get(link) ?? 0);
}

/**
 * The files that a connection sends, each after the writes before it; later writes wait for the last
 * of them. It keeps running counts: a peer may have requested thousands.
 */
export class FileQueue {
  #first: QueuedFile | undefined;
  #last: QueuedFile | undefined;
  #bytes = 0;
  #loadBytes = 0;
  #bytesTaken = 0;
  readonly #flushOutput: () => void;

  /** @param flush - has {@link send} called: the data it waited for is in memory. */
  constructor(flush: () => void) {
    this.#flushOutput = flush;
  }

  /** Bytes in memory: copied parts of files, and their heads. */
  get bytes(): number {
    return this.#bytes;
  }

  /** The count that the marks and the cap apply to. */
  get loadBytes(): number {
    return this.#loadBytes;
  }

  /** Bytes of files that the link has sent by itself. */
  get bytesTaken(): number {
    return this.#bytesTaken;
  }

  add(before: WriteBuffer, head: Uint8Array | undefined): QueuedFile {
    const file = new QueuedFile(before, head);
    if (this.#last === undefined) this.#first = file;
    else this.#last.next = file;
    this.#last = file;
    this.#count(file, 1);
    return file;
  }

  /** Adds a copied part of the file; the first one after the head. */
  write(file: QueuedFile, bytes: Uint8Array): void {
    this.#count(file, -1);
    file.isBegun ||= bytes.length > 0 || file.head !== undefined;
    if (file.head !== undefined) file.buffer.add(file.head);
    file.head = undefined;
    if (bytes.length > 0) file.buffer.add(bytes);
    this.#count(file, 1);
  }

  /** Adds the head and the part of the file that the link sends by itself. The waiter is called when none of that is left. */
  sendPart(file: QueuedFile, part: FilePart, waiter: PromiseWaiter): void {
    if (file.head !== undefined) this.write(file, NOTHING);
    file.part = part;
    file.waiter = waiter;
  }

  /** Ends the file: returns the number of bytes that were never sent. */
  end(file: QueuedFile): number {
    const { head } = file;
    this.#count(file, -1);
    file.head = undefined;
    file.isOver = true;
    this.#count(file, 1);
    return head?.length ?? 0;
  }

  /**
   * Passes to the link what it takes. `all`: no file is left; `full`: the link takes no more, or other connections have their turn;
   * `waiting`: for a file that is being opened or read. Throws the errors of the link.
   */
  send(link: Link): "all" | "full" | "waiting" {
    for (let file = this.#first; file !== undefined; file = this.#first) {
      this.#flush(file, link);
      if (!file.buffer.isEmpty || this.#isFullFor(file, link)) return "full";
      if (!file.isOver) return "waiting";
      file.buffer.giveBack();
      this.#first = file.next;
    }
    this.#last = undefined;
    return "all";
  }

  /** Drops everything; returns the waiters. */
  clear(): readonly PromiseWaiter[] {
    const waiters: PromiseWaiter[] = [];
    for (let file = this.#first; file !== undefined; file = file.next) {
      waiters.push(...file.buffer.clear());
      if (file.waiter !== undefined) waiters.push(file.waiter);
    }
    this.#first = undefined;
    this.#last = undefined;
    this.#bytes = 0;
    this.#loadBytes = 0;
    return waiters;
  }

  #flush({ buffer, part }: QueuedFile, link: Link): void {
    const { bytes, loadBytes } = buffer;
    try {
      buffer.flush(link, part !== undefined);
    } finally {
      this.#bytes += buffer.bytes - bytes;
      this.#loadBytes += buffer.loadBytes - loadBytes;
    }
    resolveWaiters(buffer.takeSent() ?? []);
  }

  /**
   * Makes the link send what it can of the file by itself; returns whether it takes no more. If the next bytes are not in memory, it waits
   * for the file.
   */
  #isFullFor(file: QueuedFile, link: Link): boolean {
    const { part } = file;
    if (part === undefined) return false;
    while (part.left > 0) {
      const capacity = capacityInTurn(link);
      if (capacity === 0) return true;
      const most = part.pages.ready(part.position, Math.min(part.left, capacity), this.#flushOutput);
      if (most === 0) return false;
      const taken = link.sendFile?.(part.file, part.position, most);
      if (taken === undefined) return true;
      if (taken === 0) break;
      this.#bytesTaken += taken;
      bytesInTurn.set(link, MAX_FILE_BYTES_PER_TURN - capacity + taken);
      file.isBegun = true;
      part.position += taken;
      part.left -= taken;
      if (taken < most) return true;
    }
    // If something is left, its waiter must find out why; later data waits.
    file.isOver = part.left === 0;
    file.part = undefined;
    file.waiter?.resolve();
    file.waiter = undefined;
    return false;
  }

  #count({ bytes, loadBytes }: QueuedFile, sign: 1 | -1): void {
    this.#bytes += sign * bytes;
    this.#loadBytes += sign * loadBytes;
  }
}
