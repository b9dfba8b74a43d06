import { closeSync, constants, fstat, fstatSync, open, type PathLike, read, type Stats } from "node:fs";
import type { FileHandle } from "node:fs/promises";
import { promisify } from "node:util";
import { currentTurn, endingTurn } from "../../native/turn.ts";
import {
  bytesOf,
  checkOptions,
  type Data,
  FILE_WINDOW_BYTES,
  FilePages,
  integer,
  type OptionNames,
  wrongType,
} from "../../socket/values.ts";
import { ConnectionError, errorOf } from "../transport/connection-error.ts";
import type { LinkFile } from "../transport/link.ts";
import type { FilePart, QueuedFile } from "./file-queue.ts";
import type { Output } from "./output.ts";
import type { PromiseWaiter } from "./wait.ts";

/** What is read at once of a file that the link does not send by itself: so much of it waits, and as much is read meanwhile. */
export const FILE_CHUNK_BYTES = 32 * 1024;
const NOTHING = new Uint8Array(0);
/**
 * open(2): a FIFO that nobody writes to, and some devices, would block the opening, in a thread of libuv's few. With
 * O_NONBLOCK it is opened at once, and looked at before anything is read.
 */
const READ_AT_ONCE = constants.O_RDONLY | constants.O_NONBLOCK;

/** Which part of a file is sent, and what before it. */
export interface SendFileOptions {
  /** Where it begins, in bytes; default 0. */
  readonly offset?: number | undefined;
  /** How many bytes; default up to the end of the file. */
  readonly length?: number | undefined;
  /**
   * Leaves right before the first byte, in packets that both share; also before a file that has none. It is copied, and waits in
   * memory. Nothing of it leaves where the file cannot be opened, or is none.
   */
  readonly head?: Data | undefined;
}

const SEND_FILE_OPTIONS: OptionNames<SendFileOptions> = { offset: true, length: true, head: true };

/** Who is told how many bytes of a file were sent, or why not all. */
export interface FileWaiter {
  resolve(bytes: number): void;
  reject(error: Error): void;
}

/** Sends a file, and tells what became of it. Throws what is wrong with the call. */
export function sendFile(
  output: Output,
  source: PathLike | FileHandle | number,
  options: SendFileOptions = {},
  waiter: FileWaiter,
): void {
  if (typeof source === "number") integer("source", source, 0, 0x7fffffff);
  else if (!isHandle(source) && !isPath(source)) {
    const form = (source as unknown) instanceof Promise ? ": await the promise" : "";
    throw wrongType("source", `a path, a FileHandle of node:fs/promises, or a descriptor${form}`, source);
  }
  checkOptions("connection.sendFile()", options, SEND_FILE_OPTIONS, (offset) => `, such as { offset: ${offset} }`);
  const { offset = 0 } = options;
  integer("options.offset", offset, 0, Number.MAX_SAFE_INTEGER);
  const { length = Number.MAX_SAFE_INTEGER - offset, head } = options;
  integer("options.length", length, 0, Number.MAX_SAFE_INTEGER - offset);
  const bytes = head === undefined ? undefined : bytesOf("options.head", head);
  if (isHandle(source)) {
    giveFile(output, source, { offset, length, head: bytes }, waiter);
    return;
  }
  const place = beginFile(output, bytes);
  place.keepHead();
  const sending = new FileSending(output, place, offset, length, waiter);
  if (typeof source === "number") sending.send(new DescribedFile(source));
  else void sending.openAndSend(source);
}

/** Which part of a file is sent, as {@link SendFileOptions} have it once they were checked. */
export interface GivenPart {
  readonly offset: number;
  readonly length: number;
  readonly head: Uint8Array | undefined;
}

/** The same of a file that is open, where nothing is to be checked. What leaves at once is copied but once. */
export function giveFile(
  output: Output,
  handle: OpenFile,
  { offset, length, head }: GivenPart,
  waiter: FileWaiter,
): void {
  const place = beginFile(output, head);
  const sending = new FileSending(output, place, offset, length, waiter);
  if (sending.sendAgain(handle)) return;
  place.keepHead();
  sending.send(handle);
}

function beginFile(output: Output, head: Uint8Array | undefined): QueuedFile {
  if (output.isRecords) throw new ConnectionError("ERR_SOCKWRIGHT_RECORDS");
  return output.beginFile(head);
}

/** What was found in a turn of a file that is open for long, as one of a cache is. */
interface Found {
  turn: number;
  offset: number;
  length: number;
}

/** Handles of regular files: that a file is one does not change, and its handle is never another one's. */
const FILES = new WeakMap<OpenFile, Found>();

/** Also that of a path with a NUL, which node:fs takes for a wrong argument, and a peer may have named. */
const OF_FILES = new WeakSet<Error>();

/** What is asked of a file that is open. */
interface OpenFile {
  readonly fd: number;
  stat(): Promise<Stats>;
  read(memory: Uint8Array, offset: number, length: number, position: number): Promise<{ readonly bytesRead: number }>;
}

const statOf = promisify(fstat);
const readOf = promisify(read);
const openOf = promisify(open);

class DescribedFile implements OpenFile {
  readonly fd: number;

  constructor(fd: number) {
    this.fd = fd;
  }

  stat(): Promise<Stats> {
    return statOf(this.fd);
  }

  read(memory: Uint8Array, offset: number, length: number, position: number): Promise<{ readonly bytesRead: number }> {
    return readOf(this.fd, memory, offset, length, position);
  }
}

/** A file on its way. What the link sends by itself costs no promise but the caller's, and where the file is open no thread. */
class FileSending implements PromiseWaiter {
  readonly #output: Output;
  readonly #place: QueuedFile;
  readonly #offset: number;
  readonly #length: number;
  readonly #waiter: FileWaiter;
  /** What the link sends by itself; undefined where it does not. */
  #part: FilePart | undefined;
  /** How many bytes are to be sent. */
  #most = 0;
  /** When the sending began. */
  #fileBytes = 0;
  /** The link has nothing to send any more. */
  #isOver = false;
  #release = stayOpen;

  constructor(output: Output, place: QueuedFile, offset: number, length: number, waiter: FileWaiter) {
    this.#output = output;
    this.#place = place;
    this.#offset = offset;
    this.#length = length;
    this.#waiter = waiter;
  }

  async openAndSend(path: PathLike): Promise<void> {
    try {
      const fd = await openOf(path, READ_AT_ONCE);
      this.send(new DescribedFile(fd), () => release(fd));
    } catch (thrown) {
      this.#fail(refusal(thrown));
    }
  }

  /**
   * Sends so many bytes of a file that is known, without fstat(2). False where it is not, or is closed by now, or where they are not
   * all there and in memory. What was found holds for a turn.
   */
  sendAgain(handle: OpenFile): boolean {
    const [offset, length] = [this.#offset, this.#length];
    const found = FILES.get(handle);
    if (found === undefined || handle.fd < 0 || length === 0 || length > FILE_WINDOW_BYTES) return false;
    const file = this.#output.openFile(handle.fd);
    if (file === undefined) return false;
    if (found.turn !== currentTurn() || found.offset !== offset || found.length !== length) {
      if (file.probe(offset + length - 1) !== 1 || file.probe(offset) !== 1) return false;
      // Between two events of sockets much may happen to a file: the turn ends all the same.
      Object.assign(found, { turn: endingTurn(), offset, length });
    }
    this.#most = length;
    this.#fileBytes = offset + length;
    this.#sendByLink(new FilePages(file, offset + length), file, stayOpen);
    return true;
  }

  /**
   * Sends what is open: fstat(2) of it asks no disk.
   *
   * @param release - called once the file is needed no more, as soon as the link has a descriptor of its own.
   */
  send(file: OpenFile, release: () => void = stayOpen): void {
    let held: LinkFile | undefined;
    try {
      const stats = file.fd < 0 ? closedFile() : fstatSync(file.fd);
      this.#fileBytes = stats.size;
      this.#most = Math.min(this.#length, bytesBehind(stats, this.#offset));
      // sendfile(2) sends nothing of a file that says that it has nothing.
      if (stats.size > 0 && this.#most > 0) held = this.#output.openFile(file.fd);
    } catch (thrown) {
      release();
      this.#fail(thrown);
      return;
    }
    if (!(file instanceof DescribedFile)) FILES.set(file, { turn: -1, offset: 0, length: 0 });
    if (held === undefined) void this.#copy(file, 0, release);
    else this.#sendByLink(new FilePages(held), held, release);
  }

  /** In most cases all of it leaves now. If not, the file is held, for the caller's descriptor may be closed. */
  #sendByLink(pages: FilePages, file: LinkFile, release: () => void): void {
    this.#part = { file, pages, position: this.#offset, left: this.#most };
    this.#output.sendOfFile(this.#place, this.#part, this);
    // Where no other descriptor is to be had, the caller's has to do, which is to stay open.
    const isHeld = this.#isOver || file.hold() === 0;
    if (isHeld) release();
    else this.#release = release;
  }

  /** Called by the queue: the link has sent what it sends by itself. */
  resolve(): void {
    const { file, left = 0 } = this.#part ?? {};
    if (left === 0 || file === undefined) {
      this.#end();
      this.#waiter.resolve(this.#most);
      return;
    }
    // Not at once: the queue is sending. The pages close the file at the end.
    queueMicrotask(() => void this.#copy(new DescribedFile(file.descriptor), this.#most - left, stayOpen));
  }

  /** Called by the queue: the connection is lost. */
  reject(error: Error): void {
    this.#end();
    OF_FILES.add(error);
    this.#waiter.reject(error);
  }

  #end(): void {
    this.#isOver = true;
    this.#part?.pages.close();
    this.#release();
    this.#release = stayOpen;
  }

  #fail(thrown: unknown): void {
    const error = errorOf(thrown);
    this.#end();
    OF_FILES.add(error);
    this.#output.endFile(this.#place, error);
    this.#waiter.reject(error);
  }

  /** Reads and writes what has not been sent, when its turn has come, while the piece before is on its way. */
  async #copy(file: OpenFile, sentBefore: number, release: () => void): Promise<void> {
    let sent: number;
    try {
      sent = await this.#copied(file, sentBefore);
    } catch (thrown) {
      release();
      this.#fail(thrown);
      return;
    }
    // Out of what is caught: a descriptor that is closed twice may be another one's the second time.
    release();
    this.#end();
    this.#output.endFile(this.#place);
    this.#waiter.resolve(sent);
  }

  /** How many bytes were sent in all. */
  async #copied(file: OpenFile, sentBefore: number): Promise<number> {
    const [output, place, offset, most] = [this.#output, this.#place, this.#offset, this.#most];
    let sent = sentBefore;
    await output.sentOfFile(place);
    const chunk = Buffer.allocUnsafeSlow(Math.min(FILE_CHUNK_BYTES, output.highWaterBytes, most - sent));
    while (sent < most) {
      const reading = file.read(chunk, 0, Math.min(chunk.length, most - sent), offset + sent);
      const [{ bytesRead }] = await Promise.all([reading, output.sentOfFile(place)]);
      if (bytesRead === 0) {
        // A file of sysfs(5) says that it has a page, and has less.
        if ((await file.stat()).size < this.#fileBytes) throw new ConnectionError("ERR_SOCKWRIGHT_FILE_SHRANK");
        break;
      }
      sent += bytesRead;
      output.writeOfFile(place, chunk.subarray(0, bytesRead));
    }
    output.writeOfFile(place, NOTHING);
    await output.sentOfFile(place);
    return sent;
  }
}

/** A FileHandle that is closed has no descriptor. */
function closedFile(): never {
  throw Object.assign(new Error("EBADF: bad file descriptor, fstat"), { code: "EBADF", errno: -9, syscall: "fstat" });
}

/** Closes a file that was opened here. At once: of a file that was read nothing is left to be written. */
function release(fd: number): void {
  try {
    closeSync(fd);
  } catch {
    // close(2): the descriptor is free all the same.
  }
}

function stayOpen(): void {
  // Whoever has opened the file closes it.
}

/**
 * How many bytes of the file there are behind the offset. A file that grows faster than the peer takes it would never end. But
 * a file of proc(5) says that it has none, and has some.
 */
function bytesBehind(stats: Stats, offset: number): number {
  if (!stats.isFile()) {
    // As read(2) says it.
    if (stats.isDirectory()) throw Object.assign(new Error("EISDIR: illegal operation on a directory, read"), EISDIR);
    throw new ConnectionError("ERR_SOCKWRIGHT_NOT_A_FILE");
  }
  return stats.size === 0 ? Number.POSITIVE_INFINITY : Math.max(0, stats.size - offset);
}

const EISDIR = { code: "EISDIR", errno: -21, syscall: "read" };

/** open(2): ENXIO is a Unix socket, or a device that is not there. */
function refusal(error: unknown): unknown {
  const isNone = error instanceof Error && "code" in error && error.code === "ENXIO";
  return isNone ? new ConnectionError("ERR_SOCKWRIGHT_NOT_A_FILE", { cause: error }) : error;
}

/** Whether an error came while a file was sent: it is that of the file or of the connection, and none of the call. */
export function isOfFile(error: Error): boolean {
  return OF_FILES.has(error);
}

function isHandle(source: unknown): source is FileHandle {
  return typeof source === "object" && source !== null && "fd" in source && "stat" in source && "read" in source;
}

function isPath(source: unknown): source is PathLike {
  return typeof source === "string" || source instanceof Uint8Array || source instanceof URL;
}
