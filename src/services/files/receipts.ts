import { constants } from "node:fs";
import type { Disk, DiskFile } from "./disk.ts";

/** Limits the files whose digest the store remembers; beyond it, it forgets the one that it has learnt first. */
export const MAX_KNOWN_DIGESTS = 100_000;
/** Limits the bytes of the list of receipts; a longer one is written anew, with the current files alone. */
export const MAX_RECEIPT_BYTES = 64 * 1024 * 1024;

/** Who has caused a change. */
export interface Author {
  /** Undefined for a request without credentials. */
  readonly user?: string | undefined;
  readonly address?: string | undefined;
}

/** What has changed. Paths are from the root. */
export type Change =
  | {
      readonly event: "created" | "replaced";
      readonly path: string;
      readonly size: number;
      readonly sha256?: string | undefined;
      readonly mtimeMs: number;
      /** Another name of the folder that differs by case or normal form alone. */
      readonly similarTo?: string | undefined;
    }
  | { readonly event: "deleted"; readonly path: string }
  | { readonly event: "moved"; readonly path: string; readonly to: string };

/** A line of the list: a change, when it was, RFC 3339, and who has caused it. */
export type Receipt = Change & Author & { readonly time: string };

/** The digest of a file, and the state of the file that it belongs to. */
export interface KnownDigest {
  readonly size: number;
  readonly mtimeMs: number;
  readonly sha256: string;
}

const FLAGS = constants.O_RDWR | constants.O_APPEND | constants.O_CREAT | constants.O_NOFOLLOW;

/** The list of all changes: a file of JSON lines. A receipt is on the disk before the client is told of the change. */
export class Receipts {
  readonly #disk: Disk;
  readonly #path: string;
  readonly #digests: DigestIndex;
  readonly #maxBytes: number;
  #file: DiskFile;
  #lines: string[] = [];
  #writing: Promise<void> | undefined;

  private constructor(disk: Disk, path: string, maxBytes: number, file: DiskFile, digests: DigestIndex) {
    this.#disk = disk;
    this.#path = path;
    this.#maxBytes = maxBytes;
    this.#file = file;
    this.#digests = digests;
  }

  static async open(disk: Disk, path: string, maxBytes = MAX_RECEIPT_BYTES): Promise<Receipts> {
    const file = await disk.open(path, FLAGS, 0o600);
    try {
      const { content, length } = completeLines(await file.readFile());
      await file.truncate(length);
      const digests = new DigestIndex();
      for (const receipt of receiptsOf(content)) digests.apply(receipt);
      return new Receipts(disk, path, maxBytes, file, digests);
    } catch (error) {
      await file.close();
      throw error;
    }
  }

  /** The digest of the file at a path, if the file is still that which was received. */
  sha256Of(path: string, stat: { readonly size: number; readonly mtimeMs: number }): string | undefined {
    const known = this.#digests.get(path);
    return known?.size === stat.size && known.mtimeMs === stat.mtimeMs ? known.sha256 : undefined;
  }

  /** Remembers the digest of a file that was there before. */
  learn(path: string, known: KnownDigest): void {
    this.#digests.set(path, known);
  }

  /** Adds a receipt. Resolves when it is on the disk; receipts of several requests are written together. */
  async add(change: Change, author: Author): Promise<Receipt> {
    const receipt: Receipt = { time: new Date().toISOString(), ...change, ...author };
    this.#digests.apply(receipt);
    this.#lines.push(`${JSON.stringify(receipt)}\n`);
    // Those that come while the file is written are the next write.
    await this.#writing?.catch(() => undefined);
    if (this.#lines.length > 0) this.#writing = this.#write();
    await this.#writing;
    return receipt;
  }

  async close(): Promise<void> {
    await this.#writing?.catch(() => undefined);
    await this.#file.close();
  }

  async #write(): Promise<void> {
    const bytes = Buffer.from(this.#lines.join(""));
    this.#lines = [];
    const { size } = await this.#file.stat();
    if (size > 0 && size + bytes.length > this.#maxBytes) return await this.#rewrite();
    try {
      let at = 0;
      while (at < bytes.length) at += (await this.#file.write(bytes, at)).bytesWritten;
      await this.#file.datasync();
    } catch (error) {
      // A part of a line would make the next one unreadable, too.
      await this.#file.truncate(size).catch(() => undefined);
      throw error;
    }
  }

  /** Writes the current files alone; the lines that were to be written are among them. */
  async #rewrite(): Promise<void> {
    const time = new Date().toISOString();
    const lines = this.#digests
      .entries()
      .map(([path, known]) => `${JSON.stringify({ time, event: "created", path, ...known } satisfies Receipt)}\n`);
    const newPath = `${this.#path}.new`;
    await this.#disk.unlink(newPath).catch(() => undefined);
    const file = await this.#disk.open(newPath, FLAGS, 0o600);
    try {
      const bytes = Buffer.from(lines.join(""));
      let at = 0;
      while (at < bytes.length) at += (await file.write(bytes, at)).bytesWritten;
      await file.sync();
      await this.#disk.rename(newPath, this.#path);
    } catch (error) {
      await file.close();
      throw error;
    }
    const old = this.#file;
    this.#file = file;
    await old.close();
  }
}

/** The digests of files by path. */
export class DigestIndex {
  readonly #known = new Map<string, KnownDigest>();

  get(path: string): KnownDigest | undefined {
    return this.#known.get(path);
  }

  /** All of them, by path. */
  entries(): readonly (readonly [path: string, known: KnownDigest])[] {
    return [...this.#known].sort(([one], [other]) => (one < other ? -1 : 1));
  }

  set(path: string, known: KnownDigest): void {
    this.#known.delete(path);
    this.#known.set(path, known);
    if (this.#known.size <= MAX_KNOWN_DIGESTS) return;
    const [first] = this.#known.keys();
    if (first !== undefined) this.#known.delete(first);
  }

  /** Follows a change. */
  apply(change: Change): void {
    if (change.event === "deleted") {
      this.#known.delete(change.path);
    } else if (change.event === "moved") {
      this.#move(change.path, change.to);
    } else if (change.sha256 === undefined) {
      this.#known.delete(change.path);
    } else {
      const { size, mtimeMs, sha256 } = change;
      this.set(change.path, { size, mtimeMs, sha256 });
    }
  }

  /** The file, or all files of the folder. */
  #move(from: string, to: string): void {
    for (const [path, known] of [...this.#known]) {
      if (path !== from && !path.startsWith(`${from}/`)) continue;
      this.#known.delete(path);
      this.set(to + path.slice(from.length), known);
    }
  }
}

/** Parses a list of receipts; a line that is none is left out. */
export function* receiptsOf(text: string): Generator<Receipt> {
  for (const line of text.split("\n")) {
    const receipt = receiptOf(line);
    if (receipt !== undefined) yield receipt;
  }
}

function receiptOf(line: string): Receipt | undefined {
  if (line === "") return undefined;
  try {
    const value: unknown = JSON.parse(line);
    const isReceipt = typeof value === "object" && value !== null && "event" in value && "path" in value;
    return isReceipt ? (value as Receipt) : undefined;
  } catch {
    // A line that a crash has cut off, or that somebody has edited.
    return undefined;
  }
}

/** Without a last line that a crash has cut off. */
function completeLines(bytes: Buffer): { readonly content: string; readonly length: number } {
  const length = bytes.lastIndexOf(10) + 1;
  return { content: bytes.toString("utf8", 0, length), length };
}
