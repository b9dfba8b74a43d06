import { constants } from "node:fs";
import { BLOCK_SIZE, giveBlocks, takeBlock } from "./block-pool.ts";
import type { Disk, DiskFile } from "./disk.ts";

/**
 * Limits the blocks that wait or are written; above this, the receiver pauses. Together they are the next write: one call with many
 * blocks costs a thread of the pool as little as one with a single block.
 */
export const MAX_FULL_BLOCKS = 4;

const WRITE = constants.O_WRONLY | constants.O_NOFOLLOW;

/** A file to which bytes are appended. It writes while the caller receives further bytes. */
export class PartFile {
  readonly #file: DiskFile;
  /** The block that is filled. */
  #block: Buffer | undefined;
  #filled = 0;
  /** Blocks that wait for the write in progress; only the last one may have room. */
  #full: Buffer[] = [];
  /** Bytes that the kernel has. */
  #written: number;
  #writing: Promise<void> | undefined;

  private constructor(file: DiskFile, length: number) {
    this.#file = file;
    this.#written = length;
  }

  /** Creates the file; EEXIST when there is one. */
  static async create(disk: Disk, path: string): Promise<PartFile> {
    // Its mode is that of a new file, umask(2): the folder keeps others out until it is published.
    return new PartFile(await disk.open(path, WRITE | constants.O_CREAT | constants.O_EXCL, 0o666), 0);
  }

  /** Opens the file to append after its first `length` bytes; further ones are cut off. */
  static async open(disk: Disk, path: string, length: number): Promise<PartFile> {
    const file = await disk.open(path, WRITE);
    try {
      if ((await file.stat()).size > length) await file.truncate(length);
      return new PartFile(file, length);
    } catch (error) {
      await file.close();
      throw error;
    }
  }

  get descriptor(): number {
    return this.#file.fd;
  }

  /** Bytes that the kernel has; those that wait are behind them. */
  get written(): number {
    return this.#written;
  }

  /**
   * Appends bytes: they are copied. Returns undefined, or a promise that the caller awaits before the next call when
   * {@link MAX_FULL_BLOCKS} are full. An error of a write rejects that promise and {@link flush}.
   */
  append(bytes: Uint8Array): Promise<void> | undefined {
    for (let at = 0; at < bytes.length; ) {
      this.#block ??= takeBlock();
      const end = Math.min(bytes.length, at + BLOCK_SIZE - this.#filled);
      this.#block.set(at === 0 && end === bytes.length ? bytes : bytes.subarray(at, end), this.#filled);
      this.#filled += end - at;
      at = end;
      if (this.#filled === BLOCK_SIZE) this.#queueBlock();
    }
    return this.#full.length >= MAX_FULL_BLOCKS ? this.#writing : undefined;
  }

  /** Waits until the kernel has all bytes. */
  async flush(): Promise<void> {
    if (this.#filled > 0) this.#queueBlock();
    while (this.#writing !== undefined) await this.#writing;
  }

  /** Waits until the kernel has the first bytes, up to this length. */
  async flushTo(length: number): Promise<void> {
    if (this.#filled > 0) this.#queueBlock();
    while (this.#written < length && this.#writing !== undefined) await this.#writing;
  }

  /** fdatasync(2). */
  datasync(): Promise<void> {
    return this.#file.datasync();
  }

  /** fsync(2), which also covers what fdatasync(2) may leave out. Resolves with the time of modification, ms since 1970. */
  async sync(): Promise<number> {
    await this.#file.sync();
    return (await this.#file.stat()).mtimeMs;
  }

  /** Waits for the write in progress, and closes the file. Bytes that wait are lost. */
  async close(): Promise<void> {
    const waiting = this.#full;
    if (this.#block !== undefined) waiting.push(this.#block);
    this.#block = undefined;
    this.#filled = 0;
    this.#full = [];
    giveBlocks(waiting);
    // Whoever wanted the bytes has got its error from flush().
    await this.#writing?.catch(() => undefined);
    await this.#file.close();
  }

  /** Cuts the file after its first bytes. No write may be in progress. */
  async truncate(length: number): Promise<void> {
    await this.#file.truncate(length);
    this.#written = length;
  }

  #queueBlock(): void {
    const block = this.#block;
    if (block === undefined) return;
    this.#full.push(this.#filled === BLOCK_SIZE ? block : block.subarray(0, this.#filled));
    this.#block = undefined;
    this.#filled = 0;
    this.#writing ??= this.#write();
  }

  #write(): Promise<void> {
    const pieces = this.#full;
    this.#full = [];
    const writing = this.#writeAll(pieces).then(() => {
      giveBlocks(pieces);
      this.#writing = this.#full.length === 0 ? undefined : this.#write();
    });
    // A failure stays: the caller of the next append() or flush() gets it.
    writing.catch(() => undefined);
    return writing;
  }

  async #writeAll(pieces: readonly Uint8Array[]): Promise<void> {
    let rest = pieces;
    while (rest.length > 0) {
      const { bytesWritten } = await this.#file.writev(rest, this.#written);
      this.#written += bytesWritten;
      rest = after(rest, bytesWritten);
    }
  }
}

/** The pieces without their first bytes: a write may be short, such as that before the disk is full. */
function after(pieces: readonly Uint8Array[], bytes: number): readonly Uint8Array[] {
  let left = bytes;
  for (const [index, piece] of pieces.entries()) {
    if (left < piece.length) return [piece.subarray(left), ...pieces.slice(index + 1)];
    left -= piece.length;
  }
  return [];
}
