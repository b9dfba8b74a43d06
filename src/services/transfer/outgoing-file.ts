import { createHash, type Hash } from "node:crypto";
import { constants } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import type { Prefix } from "./incoming-file.ts";
import type { SourceEntry } from "./source-tree.ts";
import { TransferError } from "./transfer-error.ts";

/** The bytes of a file that are read at a time. */
export const OUTGOING_BLOCK_SIZE = 512 * 1024;

/** A file is never waited for: a FIFO that took its name opens, and is then refused. */
const READ = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;

/** A file that is sent: it is what was offered, or it is not sent. */
export class OutgoingFile {
  readonly #file: FileHandle;
  readonly #entry: SourceEntry & { readonly type: "file" };
  #hash: Hash = createHash("sha256");
  #offset = 0;

  private constructor(file: FileHandle, entry: SourceEntry & { readonly type: "file" }) {
    this.#file = file;
    this.#entry = entry;
  }

  /** @throws TransferError `UNREADABLE`, `CHANGED`. */
  static async open(entry: SourceEntry & { readonly type: "file" }): Promise<OutgoingFile> {
    let file: FileHandle;
    try {
      file = await open(entry.source, READ);
    } catch (error) {
      throw unreadable(error);
    }
    const outgoing = new OutgoingFile(file, entry);
    try {
      await outgoing.check();
      return outgoing;
    } catch (error) {
      await file.close();
      throw error;
    }
  }

  /** The bytes of the file before the next block. */
  get offset(): number {
    return this.#offset;
  }

  /** The SHA-256 of the bytes so far, in hexadecimal. */
  digest(): string {
    return this.#hash.copy().digest("hex");
  }

  /** Goes behind the bytes that the receiver has, if they are those of the file; otherwise it stays at the first. */
  async skip(prefix: Prefix, block: Buffer): Promise<void> {
    if (prefix.offset === 0) return;
    while (this.#offset < prefix.offset) {
      const bytes = await this.read(block.subarray(0, Math.min(block.length, prefix.offset - this.#offset)));
      if (bytes.length === 0) break;
    }
    if (this.digest() === prefix.sha256) return;
    this.#offset = 0;
    this.#hash = createHash("sha256");
  }

  /**
   * Reads the next bytes into the block. Returns a part of it; an empty one at the end of what was offered.
   *
   * @throws TransferError `UNREADABLE`, `CHANGED`.
   */
  async read(block: Buffer): Promise<Buffer> {
    const length = Math.min(block.length, this.#entry.size - this.#offset);
    if (length === 0) return block.subarray(0, 0);
    let bytesRead: number;
    try {
      ({ bytesRead } = await this.#file.read(block, 0, length, this.#offset));
    } catch (error) {
      throw unreadable(error);
    }
    if (bytesRead === 0) throw changed();
    const bytes = block.subarray(0, bytesRead);
    this.#hash.update(bytes);
    this.#offset += bytesRead;
    return bytes;
  }

  /** @throws TransferError `CHANGED`: the file is not what was offered. */
  async check(): Promise<void> {
    const stat = await this.#file.stat();
    if (!stat.isFile() || stat.size !== this.#entry.size || stat.mtimeMs !== this.#entry.mtimeMs) throw changed();
  }

  close(): Promise<void> {
    return this.#file.close();
  }
}

function unreadable(error: unknown): TransferError {
  const code = error instanceof Error && "code" in error ? String(error.code) : "an error";
  return new TransferError("UNREADABLE", `It cannot be read: ${code}`, { cause: error });
}

function changed(): TransferError {
  return new TransferError("CHANGED", "It has changed while it was sent");
}
