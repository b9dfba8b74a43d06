import { fstatSync, readSync } from "node:fs";
import { kernel } from "../native/load.ts";
import { integer, outOfRange, wrongType, wrongValue } from "./argument.ts";
import { type Outcome, PARKED, PROGRESS, tryPromise, WOULD_BLOCK } from "./call.ts";
import { SOCK_STREAM } from "./constants.ts";
import type { Endpoint } from "./endpoint.ts";
import { EBADF, EINVAL, ENOSYS, EOPNOTSUPP, EOVERFLOW } from "./errno.ts";
import { FILE_WINDOW_BYTES, FilePages } from "./file-pages.ts";
import { HeldFile } from "./held-file.ts";
import { checkSent, SendCall, transmit } from "./send.ts";
import { SocketError } from "./socket-error.ts";
import { SockwrightError } from "./sockwright-error.ts";
import { checkWait, signalOf, type WaitOptions } from "./wait-options.ts";

/**
 * The most bytes of one read of a file without sendfile(2), such as some in /proc; the rest follows in further
 * reads.
 */
export const READ_FILE_BYTES = 64 * 1024;

/** The errors of sendfile(2) for a file system without it: the file is then read and sent. */
const NOT_FOR_THIS_FILE = [EINVAL, ENOSYS, EOPNOTSUPP];

/** Sends a file with sendfile(2), up to its end or a number of bytes. */
export function sendfile(
  endpoint: Endpoint,
  file: unknown,
  offset: unknown,
  count: unknown,
  options: WaitOptions | undefined,
): Promise<number> {
  return tryPromise(() => {
    const descriptor = descriptorOf(file);
    const from = integer("offset", offset, 0, Number.MAX_SAFE_INTEGER);
    const most = countOf(count);
    checkWait("sendfile()", options);
    const signal = signalOf(options);
    endpoint.check();
    if (endpoint.type !== SOCK_STREAM || endpoint.timeoutMs === 0) {
      throw new SockwrightError("ERR_SOCKWRIGHT_NO_SENDFILE", "sendfile");
    }
    const source = sourceOf(descriptor, file);
    const close = (): void => source.pages.close();
    const sending = transmit(new SendFile(endpoint, source, from, most), signal);
    // Closes the file after every outcome: a call in the queue may end without an attempt.
    sending.then(close, close);
    return sending;
  });
}

/** The file during the call. */
interface Source {
  readonly file: HeldFile;
  readonly pages: FilePages;
  /** The size of the file when the call was made. */
  readonly bytes: number;
}

function sourceOf(descriptor: number, given: unknown): Source {
  const file = new HeldFile(descriptor);
  const errno = descriptor < 0 ? EBADF : -file.hold();
  if (errno !== 0) {
    throw new SocketError("sendfile", errno, undefined, errno === EBADF ? { advice: "the file is closed" } : "long");
  }
  const stats = fstatSync(file.descriptor);
  if (stats.isFile()) return { file, pages: new FilePages(file), bytes: stats.size };
  file.close();
  throw wrongValue("file", "must be a regular file: no directory, pipe, socket or device", given);
}

function descriptorOf(file: unknown): number {
  if (typeof file === "number") return integer("file", file, 0, 0x7fffffff);
  // A closed FileHandle has the descriptor -1.
  if (typeof file === "object" && file !== null && "fd" in file && typeof file.fd === "number") return file.fd;
  throw wrongType("file", `an instance of FileHandle, or a descriptor of type number${formOf(file)}`, file);
}

/** Says what to write in place of a path, or of a promise that was not awaited. */
function formOf(file: unknown): string {
  if (typeof file === "string" || file instanceof URL) return ": await open(path) of node:fs/promises gives one";
  return file instanceof Promise ? ": await the promise" : "";
}

function countOf(count: unknown): number {
  if (count === undefined || count === null) return Number.POSITIVE_INFINITY;
  if (typeof count === "number" && count <= 0) throw outOfRange("count", ">= 1, or undefined for all", count);
  return integer("count", count, 1, Number.MAX_SAFE_INTEGER);
}

let buffer: Buffer | undefined;

const NOT_READABLE = { advice: "the file is not open for reading" };

class SendFile extends SendCall<number> {
  readonly #source: Source;
  readonly #from: number;
  readonly #most: number;
  #sent = 0;
  #isRead = false;

  constructor(endpoint: Endpoint, source: Source, from: number, most: number) {
    super(endpoint, 0);
    this.#source = source;
    this.#from = from;
    this.#most = most;
  }

  override get syscall(): string {
    return "sendfile";
  }

  attempt(): Outcome<number> {
    try {
      const first = this.#sendPiece();
      // At the expected end of the file, finding the end must not wait for space in the socket.
      const isAtEnd = first === PROGRESS && this.#from + this.#sent >= this.#source.bytes;
      if (!isAtEnd) return first;
      const second = this.#sendPiece();
      return second === WOULD_BLOCK ? PROGRESS : second;
    } catch (error) {
      if (error instanceof Error) Object.assign(error, { bytesSent: this.#sent });
      throw error;
    }
  }

  override abandon(error: Error): void {
    Object.assign(error, { bytesSent: this.#sent });
    if (this.#sent > 0) this.endpoint.sending.broken = "ERR_SOCKWRIGHT_PARTIAL_SEND";
  }

  /** Sends one piece, so that other sockets get their turn. At the end of the file or of the count it returns the number of bytes sent. */
  #sendPiece(): Outcome<number> {
    const position = this.#from + this.#sent;
    const length = this.#ready(position, Math.min(FILE_WINDOW_BYTES, this.#most - this.#sent));
    if (length === 0) return PARKED;
    const result = this.#isRead ? this.#read(position, length) : this.#sendfile(position, length);
    // The descriptor is our own duplicate and is open, so EBADF means that it cannot be read.
    if (result === -EBADF) throw new SocketError("sendfile", EBADF, undefined, NOT_READABLE);
    const count = checkSent(this.endpoint, "sendfile", result);
    if (count === WOULD_BLOCK) return WOULD_BLOCK;
    this.#sent += count;
    return count === 0 || this.#sent === this.#most ? this.#sent : PROGRESS;
  }

  /** Returns how many bytes can be sent without waiting for a disk; after the end of the file no wait is needed. */
  #ready(position: number, length: number): number {
    const { bytes, pages } = this.#source;
    if (position >= bytes) return length;
    return pages.ready(position, Math.min(length, bytes - position), () => this.endpoint.sending.wake(0));
  }

  #sendfile(position: number, length: number): number {
    const { slot, generation } = this.endpoint;
    const { file } = this.#source;
    // sendfile(2) has no MSG_DONTWAIT.
    kernel.unblock(slot, generation);
    const result = kernel.sendfile(slot, generation, file.descriptor, position, length);
    // The offset is beyond the largest file size: there is no data.
    if (result === -EOVERFLOW) return 0;
    if (!NOT_FOR_THIS_FILE.includes(-result)) return result;
    this.#isRead = true;
    return this.#read(position, length);
  }

  /** pread(2) and send(2). Bytes that the socket does not accept are read again. */
  #read(position: number, length: number): number {
    const { slot, generation } = this.endpoint;
    buffer ??= Buffer.allocUnsafeSlow(READ_FILE_BYTES);
    const room = Math.min(length, READ_FILE_BYTES);
    const bytes = readSync(this.#source.file.descriptor, buffer, 0, room, position);
    return bytes === 0 ? 0 : kernel.send(slot, generation, buffer, 0, bytes, 0);
  }
}
