import { createReadStream } from "node:fs";
import type { ResumableUpload } from "./file-store.ts";
import { Journal, type JournalContent, type JournalLine, type Published, type UploadHead } from "./journal.ts";
import { PartFile } from "./part-file.ts";
import { type HashMark, MemoryHash, NO_HASH, type PrefixHash } from "./prefix-hash.ts";
import type { Publisher } from "./publisher.ts";
import type { Author } from "./receipts.ts";
import { StoreError, storeErrorOf } from "./store-error.ts";
import { type AppendOptions, checkSize, pathsOf, type UploadSpace, type UploadState } from "./upload-space.ts";
import { UploadWork } from "./upload-work.ts";
import { UploadWriter } from "./upload-writer.ts";

/** How long a request waits for the prefix of an upload to be read again; then it is to come back later. */
export const MAX_CHECK_WAIT_MS = 5_000;

/**
 * A file that arrives in several requests. Its bytes are in a file, and beside it a journal says how many of them are on the disk: only
 * such an offset is ever told. One request at a time works on it; a newer one ends an older one.
 */
export class Upload implements ResumableUpload {
  readonly head: UploadHead;
  readonly #space: UploadSpace;
  #length: number | undefined;
  #state: UploadState = { type: "partial" };
  /** Bytes on the disk, by the journal. */
  #offset = 0;
  #sha256: string | undefined;
  #mark: HashMark | undefined;
  /** Undefined after a restart, until the prefix was read again. */
  #hash: PrefixHash | undefined;
  #checking: Promise<void> | undefined;
  #touchedMs: number;
  #journalLength: number;
  #announced: Published | undefined;
  /** The request that works on it. */
  #current: UploadWork | undefined;

  private constructor(head: UploadHead, space: UploadSpace, journalLength: number) {
    this.head = head;
    this.#space = space;
    this.#touchedMs = head.createdMs;
    this.#journalLength = journalLength;
  }

  /** Creates its files. They last once the folder is synced. */
  static async create(head: UploadHead, length: number | undefined, space: UploadSpace): Promise<Upload> {
    const paths = pathsOf(space, head.id);
    const part = await PartFile.create(space.disk, paths.part);
    await part.close();
    try {
      const journal = await Journal.create(space.disk, paths.journal, head);
      try {
        if (length !== undefined) await journal.append({ type: "length", length });
      } finally {
        await journal.close();
      }
      const upload = new Upload(head, space, journal.length);
      upload.#length = length;
      upload.#hash = space.hasDigests ? new MemoryHash() : NO_HASH;
      return upload;
    } catch (error) {
      await Promise.allSettled([space.disk.unlink(paths.part), space.disk.unlink(paths.journal)]);
      throw error;
    }
  }

  /** Takes up the upload of an earlier process. */
  static async load({ head, lines, length }: JournalContent, space: UploadSpace): Promise<Upload> {
    const upload = new Upload(head, space, length);
    for (const line of lines) upload.#apply(line);
    if (upload.#state.type === "partial" && upload.#announced !== undefined) {
      const published = upload.#announced;
      if (await space.publisher.isPublished(upload.#paths.part, published)) {
        await upload.#finished(published, { user: head.owner });
      }
    }
    if (upload.#state.type !== "partial") await space.disk.unlink(upload.#paths.part).catch(() => undefined);
    else if (upload.#offset === 0) upload.#hash = space.hasDigests ? new MemoryHash() : NO_HASH;
    return upload;
  }

  /** The length of the whole file, once the client has said it. */
  get length(): number | undefined {
    return this.#length;
  }

  get state(): UploadState {
    return this.#state;
  }

  /** Bytes on the disk, as they are counted. */
  get storedBytes(): number {
    return this.#state.type === "partial" ? this.#offset : 0;
  }

  /** When it expires if nothing more arrives; wall clock, ms since 1970. */
  get expiresMs(): number {
    return this.#touchedMs + this.#space.expireMs;
  }

  /** When its state was last changed; wall clock. */
  get changedMs(): number {
    return "atMs" in this.#state ? this.#state.atMs : this.#touchedMs;
  }

  /**
   * Ends an older request, and returns the offset.
   *
   * @throws StoreError `GONE`, `MISSING`, `CHECKING`.
   */
  async offset(): Promise<number> {
    if (this.#state.type === "published") return this.#state.published.size;
    const work = await this.#begin();
    work.end();
    return this.#endedOffset();
  }

  /**
   * Ends an older request, and begins to append.
   *
   * @throws StoreError `BAD_OFFSET`, `GONE`, `MISSING`, `CHECKING`, `NO_SPACE`.
   */
  async append({ offset, isAllOrNone = false }: AppendOptions): Promise<UploadWriter> {
    this.#checkOffset(offset);
    const work = await this.#begin();
    try {
      this.#checkOffset(offset);
      const writer = await this.#open(work, isAllOrNone);
      work.writer = writer;
      if (work.isSuperseded) writer.supersede();
      return writer;
    } catch (error) {
      work.end();
      throw storeErrorOf(error);
    }
  }

  /**
   * Sets the length of the whole file, which is final.
   *
   * @throws StoreError `BAD_LENGTH` when it has another, or has more bytes; `TOO_LARGE`, `QUOTA`.
   */
  async setLength(length: number): Promise<void> {
    if (this.#length === length) return;
    if (this.#length !== undefined || length < this.#offset)
      throw new StoreError("BAD_LENGTH", "The length of the upload is another");
    checkSize(length, this.#space.maxBytes);
    this.#space.space.check(length - this.#offset);
    const work = await this.#begin();
    try {
      await this.#note({ type: "length", length });
    } catch (error) {
      throw storeErrorOf(error);
    } finally {
      work.end();
    }
  }

  /**
   * Makes the upload the file that it was to become, after all its bytes were appended.
   *
   * @param expected - the SHA-256 that the file must have, in hexadecimal.
   * @throws StoreError `BAD_LENGTH` when bytes are missing, `BAD_DIGEST`; `EXISTS` and others of {@link Publisher.publish}: the upload
   * stays, and the call can be repeated.
   */
  async finish(expected: string | undefined, author: Author): Promise<Published> {
    if (this.#state.type === "published") return this.#state.published;
    const work = await this.#begin();
    try {
      const size = this.#offset;
      if (this.#length === undefined) await this.#note({ type: "length", length: size });
      if (this.#length !== size) throw new StoreError("BAD_LENGTH", "Bytes of the upload are missing");
      const sha256 = await this.#hash?.mark().digest();
      if (expected !== undefined && sha256 !== undefined && expected !== sha256) {
        throw new StoreError("BAD_DIGEST", "The bytes do not have the digest that was given");
      }
      const { part } = this.#paths;
      const file = await PartFile.open(this.#space.disk, part, size);
      const mtimeMs = await file.sync().finally(() => file.close());
      if (this.head.isPart) return { path: "", size, sha256, mtimeMs, isNew: true };
      const published = await this.#space.publisher.publish(part, this.head, { size, sha256, mtimeMs }, (announced) =>
        this.#note({ type: "publishing", published: announced }),
      );
      await this.#finished(published, author);
      return published;
    } catch (error) {
      throw storeErrorOf(error);
    } finally {
      work.end();
    }
  }

  async *read(): AsyncGenerator<Uint8Array> {
    const length = await this.offset();
    if (length === 0) return;
    yield* createReadStream(this.#paths.part, { end: length - 1 }) as AsyncIterable<Uint8Array>;
  }

  /** Ends an older request and removes the upload: nothing of it is left. The file of one that is published stays. */
  async remove(): Promise<void> {
    const work = await this.#supersede();
    try {
      if (this.#state.type === "partial") await this.#removePart();
      this.#state = { type: "removed" };
      await this.#space.disk.unlink(this.#paths.journal).catch(() => undefined);
    } finally {
      work.end();
    }
  }

  /** Ends an older request and removes the bytes; what is left says why. */
  async expire(why: "expired" | "damaged"): Promise<void> {
    const work = await this.#supersede();
    try {
      if (this.#state.type === "partial") await this.#gone(why);
    } finally {
      work.end();
    }
  }

  /** Ends a request in progress and keeps what it has received; the store closes. */
  async close(): Promise<void> {
    this.#current?.supersede();
    await this.#current?.ended;
    this.#hash?.close();
    this.#hash = undefined;
  }

  get #paths(): { readonly part: string; readonly journal: string } {
    return pathsOf(this.#space, this.head.id);
  }

  #checkOffset(offset: number): void {
    if (this.#state.type !== "partial" || this.#current !== undefined || offset === this.#offset) return;
    throw new StoreError("BAD_OFFSET", "The upload is at another offset", { offset: this.#offset });
  }

  /** The offset after the last writer; the state may be another by then. */
  #endedOffset(): number {
    return this.#state.type === "published" ? this.#state.published.size : this.#offset;
  }

  /** Becomes the one request that works on the upload, whose prefix is known to be right. */
  async #begin(): Promise<UploadWork> {
    this.#checkState();
    const work = await this.#supersede();
    try {
      this.#checkState();
      await this.#ready();
      this.#checkState();
      this.#touchedMs = this.#space.wallMs();
      return work;
    } catch (error) {
      work.end();
      throw storeErrorOf(error);
    }
  }

  async #supersede(): Promise<UploadWork> {
    while (this.#current !== undefined) {
      this.#current.supersede();
      await this.#current.ended;
    }
    const work = new UploadWork(() => {
      if (this.#current === work) this.#current = undefined;
    });
    this.#current = work;
    return work;
  }

  #checkState(): void {
    const state = this.#state;
    if (state.type === "removed") throw new StoreError("MISSING", "There is no such upload");
    if (state.type === "gone") throw goneError(state.why);
    if (state.type === "partial" && this.#space.wallMs() >= this.expiresMs) throw goneError("expired");
  }

  /** Waits until the prefix was read again after a restart. */
  async #ready(): Promise<void> {
    if (this.#hash !== undefined || this.#state.type !== "partial") return;
    this.#checking ??= this.#check().finally(() => {
      this.#checking = undefined;
    });
    let cancel: (() => void) | undefined;
    const late = new Promise<never>((_, reject) => {
      cancel = this.#space.clock.after(MAX_CHECK_WAIT_MS, () => {
        const message = "The server reads the bytes of this upload again";
        reject(new StoreError("CHECKING", message, { retryAfterMs: MAX_CHECK_WAIT_MS }));
      });
    });
    try {
      await Promise.race([this.#checking, late]);
    } finally {
      cancel?.();
    }
  }

  async #check(): Promise<void> {
    const { hasDigests, thread, disk } = this.#space;
    const { part } = this.#paths;
    if (!hasDigests) {
      const found = await disk.stat(part).catch(() => undefined);
      if (found === undefined || found.size < this.#offset) await this.#gone("damaged");
      else this.#hash = NO_HASH;
      return;
    }
    const hash = await thread.verify(part, this.#offset, this.#sha256);
    if (hash === undefined) await this.#gone("damaged");
    else this.#hash = hash;
  }

  async #open(work: UploadWork, isAllOrNone: boolean): Promise<UploadWriter> {
    const { disk, clock, wallMs, space, maxBytes } = this.#space;
    const hash = this.#hash ?? NO_HASH;
    this.#mark ??= hash.mark();
    const start = { offset: this.#offset, sha256: this.#sha256, mark: this.#mark };
    const part = await PartFile.open(disk, this.#paths.part, this.#offset);
    try {
      const journal = await Journal.open(disk, this.#paths.journal, this.#journalLength);
      return new UploadWriter({
        part,
        journal,
        hash,
        start,
        clock,
        wallMs,
        isAllOrNone,
        take: (offset, bytes) => {
          if (this.#length !== undefined && offset + bytes > this.#length) throw tooMany();
          checkSize(offset + bytes, maxBytes);
          space.take(bytes);
        },
        give: (bytes) => space.give(bytes),
        ended: (last, isHashValid) => {
          this.#offset = last.offset;
          this.#sha256 = last.sha256;
          this.#mark = isHashValid ? last.mark : undefined;
          this.#journalLength = journal.length;
          this.#touchedMs = wallMs();
          if (!isHashValid) this.#dropHash();
          work.end();
        },
      });
    } catch (error) {
      await part.close();
      throw error;
    }
  }

  /** Writes a line of the journal, and what it says counts. */
  async #note(line: JournalLine): Promise<void> {
    const journal = await Journal.open(this.#space.disk, this.#paths.journal, this.#journalLength);
    try {
      await journal.append(line);
    } finally {
      this.#journalLength = journal.length;
      await journal.close();
    }
    this.#apply(line);
  }

  #apply(line: JournalLine): void {
    switch (line.type) {
      case "length":
        this.#length = line.length;
        break;
      case "offset":
        this.#offset = line.offset;
        this.#sha256 = line.sha256;
        this.#touchedMs = line.atMs;
        break;
      case "publishing":
        this.#announced = line.published;
        break;
      case "published":
        this.#state = line;
        break;
      case "gone":
        this.#state = line;
        break;
    }
  }

  async #finished(published: Published, author: Author): Promise<void> {
    const line = { type: "published", published, atMs: this.#space.wallMs() } as const;
    this.#apply(line);
    this.#dropHash();
    await this.#space.published(published, author);
    // Where this fails, a later process learns it from the line before: the file has its name.
    await this.#note(line).catch(() => undefined);
    await this.#space.disk.unlink(this.#paths.part).catch(() => undefined);
  }

  async #gone(why: "expired" | "damaged"): Promise<void> {
    await this.#removePart();
    const line = { type: "gone", why, atMs: this.#space.wallMs() } as const;
    this.#apply(line);
    // Where this fails, a later process finds no bytes, and says the same.
    await this.#note(line).catch(() => undefined);
  }

  async #removePart(): Promise<void> {
    this.#dropHash();
    await this.#space.disk.unlink(this.#paths.part).catch((error: unknown) => {
      if (storeErrorOf(error).code !== "MISSING") throw error;
    });
    this.#space.space.give(this.#offset);
  }

  #dropHash(): void {
    this.#hash?.close();
    this.#hash = undefined;
    this.#mark = undefined;
  }
}

function tooMany(): StoreError {
  return new StoreError("BAD_LENGTH", "There are more bytes than the upload was to have");
}

function goneError(why: "expired" | "damaged"): StoreError {
  const message =
    why === "expired" ? "The upload has expired" : "The bytes of the upload are not those that were received";
  return new StoreError("GONE", message);
}
