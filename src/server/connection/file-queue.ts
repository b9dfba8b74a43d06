import { currentTurn } from "../../native/turn.ts";
import type { FilePages } from "../../socket/values.ts";
import type { Link, LinkFile } from "../transport/link.ts";
import { type PromiseWaiter, tellOfRoom } from "./wait.ts";
import type { WriteBuffer } from "./write-buffer.ts";

/** So much of files a connection sends in one turn: then the others have theirs. */
export const MAX_FILE_BYTES_PER_TURN = 2 * 1024 * 1024;

const NOTHING = new Uint8Array(0);

/** What the link is to send of a file by itself, and has not sent yet. */
export interface FilePart {
  readonly file: LinkFile;
  readonly pages: FilePages;
  position: number;
  left: number;
}

/** The place of a file among what is written. */
export class QueuedFile {
  /** What leaves before the bytes that the link sends by itself: what was written before, the head, and what was copied. */
  readonly buffer: WriteBuffer;
  /** Until it is in the buffer: nothing of it leaves unless the file can be sent. */
  head: Uint8Array | undefined;
  part: FilePart | undefined;
  /** Who waits for that part. */
  waiter: PromiseWaiter | undefined;
  /** The peer may have something of it. */
  isBegun = false;
  /** Nothing of it comes any more. */
  isOver = false;
  next: QueuedFile | undefined;

  constructor(buffer: WriteBuffer, head: Uint8Array | undefined) {
    this.buffer = buffer;
    this.head = head;
  }

  /** It was lent, and may change once its caller goes on. */
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
 * What each link has sent of files in the turn. A queue lasts as long as its files: a peer that takes them at once, however many, would
 * have a new one for each.
 */
let bytesInTurn = new WeakMap<Link, number>();
let turnOfBytes = -1;

function roomInTurn(link: Link): number {
  const turn = currentTurn();
  if (turn !== turnOfBytes) bytesInTurn = new WeakMap();
  turnOfBytes = turn;
  return MAX_FILE_BYTES_PER_TURN - (bytesInTurn.get(link) ?? 0);
}

/**
 * The files that a connection is sending, each behind what was written before it: what is written from then on waits for the last
 * of them. It is counted as it changes: a peer may have asked for thousands.
 */
export class FileQueue {
  #first: QueuedFile | undefined;
  #last: QueuedFile | undefined;
  #bytes = 0;
  #loadBytes = 0;
  #bytesTaken = 0;
  readonly #flushOutput: () => void;

  /** @param flush - has {@link send} called: what it waited for is in memory. */
  constructor(flush: () => void) {
    this.#flushOutput = flush;
  }

  /** What waits in memory: of files that is what was copied, and their heads. */
  get bytes(): number {
    return this.#bytes;
  }

  /** The same as the marks and the cap go by. */
  get loadBytes(): number {
    return this.#loadBytes;
  }

  /** What the link has taken of files by itself. */
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

  /** A part of the file that was copied; the first with the head before it. */
  write(file: QueuedFile, bytes: Uint8Array): void {
    this.#count(file, -1);
    file.isBegun ||= bytes.length > 0 || file.head !== undefined;
    if (file.head !== undefined) file.buffer.add(file.head);
    file.head = undefined;
    if (bytes.length > 0) file.buffer.add(bytes);
    this.#count(file, 1);
  }

  /** The head, and then as much of the file as the link sends by itself. The waiter is told when there is no more of that. */
  sendPart(file: QueuedFile, part: FilePart, waiter: PromiseWaiter): void {
    if (file.head !== undefined) this.write(file, NOTHING);
    file.part = part;
    file.waiter = waiter;
  }

  /** Nothing of it comes any more: gives how much of it never left. */
  end(file: QueuedFile): number {
    const { head } = file;
    this.#count(file, -1);
    file.head = undefined;
    file.isOver = true;
    this.#count(file, 1);
    return head?.length ?? 0;
  }

  /**
   * Gives the link what it takes. `all`: no file is left; `full`: there is no more room, or other connections have their turn;
   * `waiting`: for a file that is being opened, or read. Throws what the link does.
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

  /** Drops all: gives those who wait for it. */
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
    tellOfRoom(buffer.takeSent() ?? []);
  }

  /**
   * Has the link send what it can of the file by itself; whether it has no room for more. Where what is next is not in memory, it waits
   * for the file, and the link for nothing.
   */
  #isFullFor(file: QueuedFile, link: Link): boolean {
    const { part } = file;
    if (part === undefined) return false;
    while (part.left > 0) {
      const room = roomInTurn(link);
      if (room === 0) return true;
      const most = part.pages.ready(part.position, Math.min(part.left, room), this.#flushOutput);
      if (most === 0) return false;
      const taken = link.sendFile?.(part.file, part.position, most);
      if (taken === undefined) return true;
      if (taken === 0) break;
      this.#bytesTaken += taken;
      bytesInTurn.set(link, MAX_FILE_BYTES_PER_TURN - room + taken);
      file.isBegun = true;
      part.position += taken;
      part.left -= taken;
      if (taken < most) return true;
    }
    // Where something is left, it is for whoever waits to look why: what is behind it waits on.
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
