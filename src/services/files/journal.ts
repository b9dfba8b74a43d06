import { constants } from "node:fs";
import type { Disk, DiskFile } from "./disk.ts";

/** Limits the bytes of a journal that the store reads; a larger one is not of this program. */
export const MAX_JOURNAL_BYTES = 64 * 1024 * 1024;

/** What becomes of an existing file of the same name: nothing, the upload fails; it is replaced; or the new file gets another name. */
export type OnConflict = "fail" | "replace" | "rename";

/** What is known of an upload from its beginning. */
export interface UploadHead {
  readonly id: string;
  /** The path of the file, from the root. */
  readonly path: string;
  readonly onConflict: OnConflict;
  /** Name of the user who began it; undefined for one without credentials. */
  readonly owner?: string | undefined;
  /** Whether it is a part of another upload, which is never published: tus, concatenation. */
  readonly isPart: boolean;
  /** How the client has said that it is one, or is made of others: tus, Upload-Concat. */
  readonly concat?: string | undefined;
  /** The client's metadata, as it was sent: tus, Upload-Metadata. */
  readonly metadata?: string | undefined;
  /** Wall clock, ms since 1970. */
  readonly createdMs: number;
}

/** The file that an upload has become. */
export interface Published {
  /** From the root; not that of the upload when a file of that name was there, and the upload was to get another. */
  readonly path: string;
  readonly size: number;
  /** In hexadecimal; undefined when the store computes no digests. */
  readonly sha256?: string | undefined;
  /** Its time of modification, ms since 1970 with a fraction: with the size, it tells whether the digest is still that of the file. */
  readonly mtimeMs: number;
  /** Whether there was no file of this name. */
  readonly isNew: boolean;
}

/** A line of a journal after the first; each replaces what lines before it say. */
export type JournalLine =
  /** The length of the whole upload, which is final. */
  | { readonly type: "length"; readonly length: number }
  /** So many bytes are on the disk. */
  | {
      readonly type: "offset";
      readonly offset: number;
      readonly sha256?: string | undefined;
      readonly atMs: number;
    }
  /** The file is about to get this name: after a crash, the store looks whether it has. */
  | { readonly type: "publishing"; readonly published: Published }
  | { readonly type: "published"; readonly published: Published; readonly atMs: number }
  | { readonly type: "gone"; readonly why: GoneReason; readonly atMs: number };

/** Why an upload is gone. */
type GoneReason = "expired" | "damaged";

const APPEND = constants.O_WRONLY | constants.O_APPEND | constants.O_NOFOLLOW;
const CREATE = APPEND | constants.O_CREAT | constants.O_EXCL;

/**
 * The journal of an upload: a file with a JSON text on each line. A line counts when its line end is there, so a crash while it is written
 * loses that line alone.
 */
export class Journal {
  readonly #file: DiskFile;
  #length: number;

  private constructor(file: DiskFile, length: number) {
    this.#file = file;
    this.#length = length;
  }

  /** Creates a journal. It lasts once the caller has synced the folder. */
  static async create(disk: Disk, path: string, head: UploadHead): Promise<Journal> {
    const journal = new Journal(await disk.open(path, CREATE, 0o600), 0);
    try {
      await journal.#append({ v: 1, ...head });
      return journal;
    } catch (error) {
      await journal.close();
      await disk.unlink(path).catch(() => undefined);
      throw error;
    }
  }

  /** Opens a journal to append to it, and cuts off a line that was not written to its end. */
  static async open(disk: Disk, path: string, length: number): Promise<Journal> {
    const file = await disk.open(path, APPEND);
    try {
      if ((await file.stat()).size !== length) await file.truncate(length);
      return new Journal(file, length);
    } catch (error) {
      await file.close();
      throw error;
    }
  }

  /** The bytes of all complete lines. */
  get length(): number {
    return this.#length;
  }

  /** Appends a line, and waits until it is on the disk. After a failure the line counts as not written. */
  append(line: JournalLine): Promise<void> {
    return this.#append(line);
  }

  close(): Promise<void> {
    return this.#file.close();
  }

  async #append(value: unknown): Promise<void> {
    const bytes = Buffer.from(`${JSON.stringify(value)}\n`);
    try {
      let at = 0;
      while (at < bytes.length) at += (await this.#file.write(bytes, at)).bytesWritten;
      await this.#file.datasync();
    } catch (error) {
      // A part of a line in front of the next one would make both of them unreadable.
      await this.#file.truncate(this.#length).catch(() => undefined);
      throw error;
    }
    this.#length += bytes.length;
  }
}

/** What a journal says. */
export interface JournalContent {
  readonly head: UploadHead;
  readonly lines: readonly JournalLine[];
  /** The bytes of its complete lines. */
  readonly length: number;
}

/** Reads a journal. Returns undefined when it has no complete first line, or is not a journal. */
export async function readJournal(disk: Disk, path: string): Promise<JournalContent | undefined> {
  const file = await disk.open(path, constants.O_RDONLY | constants.O_NOFOLLOW);
  try {
    if ((await file.stat()).size > MAX_JOURNAL_BYTES) return undefined;
    return parseJournal(await file.readFile());
  } finally {
    await file.close();
  }
}

/** Parses the bytes of a journal. Lines after the first that is not JSON do not count. */
export function parseJournal(bytes: Buffer): JournalContent | undefined {
  const values: unknown[] = [];
  let at = 0;
  for (;;) {
    const end = bytes.indexOf(10, at);
    const value = end < 0 ? undefined : jsonOf(bytes.toString("utf8", at, end));
    if (value === undefined) break;
    values.push(value);
    at = end + 1;
  }
  const [head, ...lines] = values;
  if (!isHead(head)) return undefined;
  return { head, lines: lines.filter(isLine), length: at };
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Not a line of this program: what follows it is not either.
    return undefined;
  }
}

function isHead(value: unknown): value is UploadHead & { v: 1 } {
  if (typeof value !== "object" || value === null) return false;
  const { v, id, path, createdMs } = value as Record<string, unknown>;
  return v === 1 && typeof id === "string" && typeof path === "string" && typeof createdMs === "number";
}

function isLine(value: unknown): value is JournalLine {
  return typeof value === "object" && value !== null && "type" in value;
}
