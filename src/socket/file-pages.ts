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
 * Which bytes of a file can be sent without a wait for a disk, sendfile(2), in which the whole process would wait. Those that cannot
 * are brought in by one of libuv's threads, of each file one window at a time. Where nobody can tell, that is done once, with the
 * first: what the kernel reads ahead has to do for the others.
 */
export class FilePages {
  readonly #file: PagedFile;
  /** Up to here there is no need to look. */
  #readUntil: number;
  #isTold = true;
  #isReading = false;
  #isClosed = false;

  /** @param readyUntil - up to here somebody has looked. */
  constructor(file: PagedFile, readyUntil = 0) {
    this.#file = file;
    this.#readUntil = readyUntil;
  }

  /**
   * How many bytes from a position on, of so many, can be sent now. 0: they are on their way to memory, and `arrived` is called when
   * they are there. Then they count as there, whatever has become of them: so there is no end of sending, and who sends finds the error
   * of a file that cannot be read.
   */
  ready(position: number, length: number, arrived: () => void): number {
    if (this.#isReading) return 0;
    const bytes = Math.min(length, FILE_WINDOW_BYTES);
    if (position < this.#readUntil) return Math.min(bytes, this.#readUntil - position);
    // A window whose ends are there is taken for whole. One that is not is brought in whole: the look itself may bring in an end.
    if (this.#isThere(position) && this.#isThere(position + bytes - 1)) return bytes;
    this.#bringIn(position, bytes, arrived);
    return 0;
  }

  /** Closes the file, once nobody reads it any more: its number is not to be another one's before. */
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
