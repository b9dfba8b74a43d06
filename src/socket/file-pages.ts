import { read } from "node:fs";
import { EAGAIN, EINVAL, ENOSYS, EOPNOTSUPP } from "./errno.ts";

/**
 * The bytes of a file that are probed, sent and, if needed, read into memory at once; the rest follows in further windows. It
 * is more than the kernel reads ahead (128 KiB), so that a disk gets large requests, and not much more than most sockets take.
 */
export const FILE_WINDOW_BYTES = 512 * 1024;

/** The errors of preadv2(2) when the kernel or the file system cannot report what is in memory. */
const NOT_TOLD: ReadonlySet<number> = new Set([EOPNOTSUPP, EINVAL, ENOSYS]);

/** Whether the result of a probe shows that the kernel and the file system can report what is in memory. */
export function canTell(result: number): boolean {
  return !NOT_TOLD.has(-result);
}

/** The buffer for all background reads. Its content is never used: reading brings the file into the page cache. */
let memory: Buffer | undefined;

/** An open regular file. */
export interface PagedFile {
  readonly descriptor: number;
  /** Makes the descriptor the file's own; called before other code can run. Returns 0, or a negated errno if that fails. */
  hold(): number;
  /** Probes for a byte in memory: 1 if it is there, 0 at the end of the file, or a negated errno; EAGAIN means that it is not in memory. */
  probe(position: number): number;
  close(): void;
}

/**
 * Determines which bytes of a file sendfile(2) can send without waiting for a disk, which would stop the whole process. A thread of
 * libuv's pool reads the others into memory, one window of a file at a time. If the kernel cannot report what is in memory, only the
 * first window is read this way; the kernel's read-ahead must provide the following ones.
 */
export class FilePages {
  readonly #file: PagedFile;
  /** Up to this position no probe is needed. */
  #readUntil: number;
  #isTold = true;
  #isReading = false;
  #isClosed = false;

  /** @param readyUntil - the end of the bytes that are already known to be in memory. */
  constructor(file: PagedFile, readyUntil = 0) {
    this.#file = file;
    this.#readUntil = readyUntil;
  }

  /**
   * Returns how many of `length` bytes from `position` can be sent now. If 0, a thread reads them, and `onArrived` is called when the read
   * has ended. The bytes then count as in memory even if the read has failed: sending continues, and sendfile(2) reports the error of an
   * unreadable file.
   */
  ready(position: number, length: number, onArrived: () => void): number {
    if (this.#isReading) return 0;
    const bytes = Math.min(length, FILE_WINDOW_BYTES);
    if (position < this.#readUntil) return Math.min(bytes, this.#readUntil - position);
    // If both ends of a window are in memory, so is probably the rest. Else the whole window is read: the probe itself may load an end.
    if (this.#isThere(position) && this.#isThere(position + bytes - 1)) return bytes;
    this.#bringIn(position, bytes, onArrived);
    return 0;
  }

  /** Closes the file after the read in progress: until then its descriptor must not be reused. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    if (!this.#isReading) this.#file.close();
  }

  #isThere(position: number): boolean {
    if (!this.#isTold) return true;
    const result = this.#file.probe(position);
    if (!canTell(result)) {
      this.#isTold = false;
      return false;
    }
    return result !== -EAGAIN;
  }

  #bringIn(position: number, bytes: number, arrived: () => void): void {
    this.#isReading = true;
    this.#file.hold();
    memory ??= Buffer.allocUnsafeSlow(FILE_WINDOW_BYTES);
    read(this.#file.descriptor, memory, 0, bytes, position, () => {
      this.#isReading = false;
      this.#readUntil = position + bytes;
      if (this.#isClosed) this.#file.close();
      else arrived();
    });
  }
}
