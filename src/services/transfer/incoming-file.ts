import { createHash, type Hash } from "node:crypto";
import { constants } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { PartFile } from "../files/part-file.ts";
import type { InboxDisk } from "./inbox-disk.ts";

/** The bytes of a part that are read at a time, to hash them again. */
const READ_SIZE = 1024 * 1024;

/** The bytes of a file that have arrived before. */
export interface Prefix {
  readonly offset: number;
  /** In hexadecimal. */
  readonly sha256: string;
}

/** A file that arrives: its bytes go to a part, beside which nothing is kept. What a part has is what its bytes are. */
export class IncomingFile {
  readonly path: string;
  readonly #disk: InboxDisk;
  readonly #part: PartFile;
  #hash: Hash;
  #length: number;

  private constructor(disk: InboxDisk, path: string, part: PartFile, hash: Hash, length: number) {
    this.#disk = disk;
    this.path = path;
    this.#part = part;
    this.#hash = hash;
    this.#length = length;
  }

  static async create(disk: InboxDisk, path: string): Promise<IncomingFile> {
    return new IncomingFile(disk, path, await PartFile.create(disk, path), createHash("sha256"), 0);
  }

  /** Opens a part, and reads what it has. @param size - of the file; further bytes are cut off. */
  static async resume(disk: InboxDisk, path: string, size: number): Promise<IncomingFile> {
    // A crash right before its name was given has left it with the mode of the file.
    await disk.chmod(path, 0o600);
    const { hash, length } = await hashOf(path, size);
    return new IncomingFile(disk, path, await PartFile.open(disk, path, length), hash, length);
  }

  /** The bytes so far; they may be on the way to the disk. */
  get length(): number {
    return this.#length;
  }

  get prefix(): Prefix {
    return { offset: this.#length, sha256: this.digest() };
  }

  /** The SHA-256 of the bytes so far, in hexadecimal. */
  digest(): string {
    return this.#hash.copy().digest("hex");
  }

  /** Appends bytes. A promise is awaited before the next call; it rejects with the error of the write. */
  append(bytes: Uint8Array): Promise<void> | undefined {
    this.#hash.update(bytes);
    this.#length += bytes.length;
    return this.#part.append(bytes);
  }

  /** Begins again: the sender has other bytes. */
  async restart(): Promise<void> {
    await this.#part.truncate(0);
    this.#hash = createHash("sha256");
    this.#length = 0;
  }

  /** Waits until the kernel has all bytes. */
  flush(): Promise<void> {
    return this.#part.flush();
  }

  /** Waits until all bytes are on the disk, fsync(2). */
  async sync(): Promise<void> {
    await this.#part.sync();
  }

  /** Closes the part, which stays. */
  close(): Promise<void> {
    return this.#part.close();
  }

  /** Closes and removes the part. */
  async discard(): Promise<void> {
    await this.close();
    await this.#disk.unlink(this.path);
  }
}

async function hashOf(path: string, max: number): Promise<{ hash: Hash; length: number }> {
  const file: FileHandle = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW);
  try {
    const hash = createHash("sha256");
    const block = Buffer.allocUnsafe(READ_SIZE);
    let length = 0;
    for (;;) {
      const { bytesRead } = await file.read(block, 0, Math.min(READ_SIZE, max - length), length);
      if (bytesRead === 0) return { hash, length };
      hash.update(block.subarray(0, bytesRead));
      length += bytesRead;
    }
  } finally {
    await file.close();
  }
}
