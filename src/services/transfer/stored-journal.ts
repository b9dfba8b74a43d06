import { constants } from "node:fs";
import type { DiskFile } from "../files/disk.ts";
import type { InboxDisk } from "./inbox-disk.ts";

/** Limits the bytes of a journal that is read; a larger one is not of this program. */
export const MAX_STORED_JOURNAL_BYTES = 512 * 1024 * 1024;

/** A file that has got its name, or is about to. */
export interface StoredFile {
  readonly path: string;
  readonly size: number;
  readonly mtimeMs: number;
  /** In hexadecimal. */
  readonly sha256: string;
}

const APPEND = constants.O_RDWR | constants.O_CREAT | constants.O_APPEND | constants.O_NOFOLLOW;

/**
 * The files that an inbox has stored, a JSON text on each line. A line is on the disk before its file gets its name: so after a crash no
 * file of the transfer is taken for one that was there before.
 */
export class StoredJournal {
  readonly #file: DiskFile;
  readonly #stored: Map<string, StoredFile>;
  #length: number;

  private constructor(file: DiskFile, stored: Map<string, StoredFile>, length: number) {
    this.#file = file;
    this.#stored = stored;
    this.#length = length;
  }

  static async open(disk: InboxDisk, path: string): Promise<StoredJournal> {
    const file = await disk.open(path, APPEND, 0o600);
    try {
      const { size } = await file.stat();
      if (size > MAX_STORED_JOURNAL_BYTES) throw new Error(`${path} has more than ${MAX_STORED_JOURNAL_BYTES} bytes`);
      const { stored, length } = storedIn(await file.readFile());
      // A line that was not written to its end would spoil the next one.
      if (length < size) await file.truncate(length);
      return new StoredJournal(file, stored, length);
    } catch (error) {
      await file.close();
      throw error;
    }
  }

  get(path: string): StoredFile | undefined {
    return this.#stored.get(path);
  }

  /** Appends the files, and waits until they are on the disk. */
  async append(files: readonly StoredFile[]): Promise<void> {
    const bytes = Buffer.from(files.map((file) => `${JSON.stringify(file)}\n`).join(""));
    try {
      for (let at = 0; at < bytes.length; ) at += (await this.#file.write(bytes, at)).bytesWritten;
      await this.#file.datasync();
    } catch (error) {
      await this.#file.truncate(this.#length).catch(() => undefined);
      throw error;
    }
    this.#length += bytes.length;
    for (const file of files) this.#stored.set(file.path, file);
  }

  close(): Promise<void> {
    return this.#file.close();
  }
}

/** The files of the complete lines, and the bytes of these. Lines behind the first that is not one of this program do not count. */
function storedIn(bytes: Buffer): { stored: Map<string, StoredFile>; length: number } {
  const stored = new Map<string, StoredFile>();
  let length = 0;
  for (;;) {
    const end = bytes.indexOf(10, length);
    const file = end < 0 ? undefined : storedFileOf(bytes.toString("utf8", length, end));
    if (file === undefined) return { stored, length };
    stored.set(file.path, file);
    length = end + 1;
  }
}

function storedFileOf(line: string): StoredFile | undefined {
  try {
    const { path, size, mtimeMs, sha256 } = JSON.parse(line);
    const isStored = typeof path === "string" && typeof size === "number" && typeof mtimeMs === "number";
    return isStored && typeof sha256 === "string" ? { path, size, mtimeMs, sha256 } : undefined;
  } catch {
    // Not a line of this program: what follows it is not either.
    return undefined;
  }
}
