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

/**
 * The most bytes to read at once from a file that the link cannot send by itself. One such piece waits to be sent while the next one is
 * read.
 */
export const FILE_CHUNK_BYTES = 32 * 1024;
const NOTHING = new Uint8Array(0);
/**
 * open(2): a FIFO without a writer, and some devices, would block the open in one of libuv's few threads. O_NONBLOCK opens them at
 * once, and fstat(2) checks the type before anything is read.
 */
const READ_AT_ONCE = constants.O_RDONLY | constants.O_NONBLOCK;

/** The part of a file to send, and the bytes to send before it. */
export interface SendFileOptions {
  /** Where the part begins, in bytes; default 0. */
  readonly offset?: number | undefined;
  /** The length of the part in bytes; default up to the end of the file. */
  readonly length?: number | undefined;
  /**
   * Bytes to send right before the file, in packets that both share; they are sent before an empty file too. They are copied, and wait
   * in memory. None of them leave where the file cannot be opened or is not a regular file.
   */
  readonly head?: Data | undefined;
}

const SEND_FILE_OPTIONS: OptionNames<SendFileOptions> = { offset: true, length: true, head: true };

/** Receives the result of a file: the number of sent bytes, or the error. */
export interface FileWaiter {
  resolve(bytes: number): void;
  reject(error: Error): void;
}

/** Sends a file and tells the waiter the result. Throws for a wrong call. */
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

/** The part of a file to send: {@link SendFileOptions} after the check, with defaults. */
export interface GivenPart {
  readonly offset: number;
  readonly length: number;
  readonly head: Uint8Array | undefined;
}

/** As {@link sendFile} for an open file, without checks. A head that leaves at once is copied only once. */
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

/** The part of an open file that was found to be in memory, and the turn in which this holds. */
interface Found {
  turn: number;
  offset: number;
  length: number;
}

/** Handles that fstat(2) found to be regular files. A handle refers to one file only, whose type does not change. */
const FILES = new WeakMap<OpenFile, Found>();

/** Errors of files; also the one of a path with a NUL, which node:fs reports as a wrong argument although a peer may have named it. */
const OF_FILES = new WeakSet<Error>();

/** The part of a FileHandle that sending needs. */
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

/**
 * A file that is being sent. Where the link sends it by itself, it costs no promise but the caller's; where the file is open, also no
 * thread.
 */
class FileSending implements PromiseWaiter {
  readonly #output: Output;
  readonly #place: QueuedFile;
  readonly #offset: number;
  readonly #length: number;
  readonly #waiter: FileWaiter;
  /** The part that the link sends by itself; undefined where it cannot. */
  #part: FilePart | undefined;
  /** The number of bytes to send. */
  #most = 0;
  /** The size of the file when sending began, to detect that it shrank. */
  #fileBytes = 0;
  /** Whether the link needs the file no longer. */
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
   * Sends the part without fstat(2), where the file is in {@link FILES}. Returns false where it is not, where the file is closed, or
   * where the bytes are not all in the file and in memory. A positive check holds for one turn.
   */
  sendAgain(handle: OpenFile): boolean {
    const [offset, length] = [this.#offset, this.#length];
    const found = FILES.get(handle);
    if (found === undefined || handle.fd < 0 || length === 0 || length > FILE_WINDOW_BYTES) return false;
    const file = this.#output.openFile(handle.fd);
    if (file === undefined) return false;
    if (found.turn !== currentTurn() || found.offset !== offset || found.length !== length) {
      if (file.probe(offset + length - 1) !== 1 || file.probe(offset) !== 1) return false;
      // The file may change between two socket events: let the turn end, so that the check does not outlive it.
      Object.assign(found, { turn: endingTurn(), offset, length });
    }
    this.#most = length;
    this.#fileBytes = offset + length;
    this.#sendByLink(new FilePages(file, offset + length), file, stayOpen);
    return true;
  }

  /**
   * Sends an open file. fstat(2) is synchronous: for an open file it needs no disk.
   *
   * @param release - called once the file is not needed any more: as soon as the link has its own descriptor, or at the end.
   */
  send(file: OpenFile, release: () => void = stayOpen): void {
    let held: LinkFile | undefined;
    try {
      const stats = file.fd < 0 ? closedFile() : fstatSync(file.fd);
      this.#fileBytes = stats.size;
      this.#most = Math.min(this.#length, bytesBehind(stats, this.#offset));
      // sendfile(2) sends nothing of a file whose size is 0, as the files of proc(5).
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

  /** Sends as much as the link takes now, usually all. For the rest, the link duplicates the descriptor: the caller may close its own. */
  #sendByLink(pages: FilePages, file: LinkFile, release: () => void): void {
    this.#part = { file, pages, position: this.#offset, left: this.#most };
    this.#output.sendOfFile(this.#place, this.#part, this);
    // Where the kernel gives no second descriptor, use the caller's, which must stay open.
    const isHeld = this.#isOver || file.hold() === 0;
    if (isHeld) release();
    else this.#release = release;
  }

  /** Called by the queue when the link has sent all that it can send by itself. */
  resolve(): void {
    const { file, left = 0 } = this.#part ?? {};
    if (left === 0 || file === undefined) {
      this.#end();
      this.#waiter.resolve(this.#most);
      return;
    }
    // In a microtask, as the queue is sending now. The pages close the file at the end.
    queueMicrotask(() => void this.#copy(new DescribedFile(file.descriptor), this.#most - left, stayOpen));
  }

  /** Called by the queue when the connection is lost. */
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

  /** Copies the rest of the file once the writes before it have left, and settles. */
  async #copy(file: OpenFile, sentBefore: number, release: () => void): Promise<void> {
    let sent: number;
    try {
      sent = await this.#copied(file, sentBefore);
    } catch (thrown) {
      release();
      this.#fail(thrown);
      return;
    }
    // Outside of the try block: a descriptor closed twice may belong to another file the second time.
    release();
    this.#end();
    this.#output.endFile(this.#place);
    this.#waiter.resolve(sent);
  }

  /** Reads each piece while the one before is being sent. Returns the number of bytes sent in all. */
  async #copied(file: OpenFile, sentBefore: number): Promise<number> {
    const [output, place, offset, most] = [this.#output, this.#place, this.#offset, this.#most];
    let sent = sentBefore;
    await output.sentOfFile(place);
    const chunk = Buffer.allocUnsafeSlow(Math.min(FILE_CHUNK_BYTES, output.highWaterBytes, most - sent));
    while (sent < most) {
      const reading = file.read(chunk, 0, Math.min(chunk.length, most - sent), offset + sent);
      const [{ bytesRead }] = await Promise.all([reading, output.sentOfFile(place)]);
      if (bytesRead === 0) {
        // A file of sysfs(5) reports the size of a page and has less: then the size has not changed.
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

/** Throws EBADF, as fstat(2): a closed FileHandle has no descriptor. */
function closedFile(): never {
  throw Object.assign(new Error("EBADF: bad file descriptor, fstat"), { code: "EBADF", errno: -9, syscall: "fstat" });
}

/** Closes a descriptor that this file opened. Synchronously: a file that was only read has nothing to write back. */
function release(fd: number): void {
  try {
    closeSync(fd);
  } catch {
    // close(2): the descriptor is released even where close fails.
  }
}

function stayOpen(): void {
  // The caller opened the file, and closes it.
}

/**
 * The number of bytes of the file after the offset. The size now is the limit, as a file that grows faster than the peer takes it would
 * never end. A file of proc(5) reports size 0 although it has bytes: it has no limit.
 */
function bytesBehind(stats: Stats, offset: number): number {
  if (!stats.isFile()) {
    // The error of read(2).
    if (stats.isDirectory()) throw Object.assign(new Error("EISDIR: illegal operation on a directory, read"), EISDIR);
    throw new ConnectionError("ERR_SOCKWRIGHT_NOT_A_FILE");
  }
  return stats.size === 0 ? Number.POSITIVE_INFINITY : Math.max(0, stats.size - offset);
}

const EISDIR = { code: "EISDIR", errno: -21, syscall: "read" };

/** Turns ENXIO into ERR_SOCKWRIGHT_NOT_A_FILE. open(2): ENXIO means a Unix socket, or a device that does not exist. */
function refusal(error: unknown): unknown {
  const isNone = error instanceof Error && "code" in error && error.code === "ENXIO";
  return isNone ? new ConnectionError("ERR_SOCKWRIGHT_NOT_A_FILE", { cause: error }) : error;
}

/** Whether an error is one of a file or of its connection while the file was sent, and not one of a wrong call. */
export function isOfFile(error: Error): boolean {
  return OF_FILES.has(error);
}

function isHandle(source: unknown): source is FileHandle {
  return typeof source === "object" && source !== null && "fd" in source && "stat" in source && "read" in source;
}

function isPath(source: unknown): source is PathLike {
  return typeof source === "string" || source instanceof Uint8Array || source instanceof URL;
}
