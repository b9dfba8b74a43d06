import type { Clock } from "../../server/time/clock.ts";
import type { Journal } from "./journal.ts";
import type { PartFile } from "./part-file.ts";
import type { HashMark, PrefixHash } from "./prefix-hash.ts";
import { StoreError, storeErrorOf } from "./store-error.ts";

/** Limits the bytes of an upload that a crash can lose: after so many the store makes them last. */
export const CHECKPOINT_BYTES = 8 * 1024 * 1024;
/** Limits the bytes of an upload that wait to be made to last, because the disk is slow; above this, receiving pauses. */
export const MAX_UNSYNCED_BYTES = 64 * 1024 * 1024;
/** Limits how long received bytes wait until the store makes them last. */
export const CHECKPOINT_INTERVAL_MS = 1_000;

/** So many bytes of an upload are on the disk. */
export interface Checkpoint {
  readonly offset: number;
  readonly sha256: string | undefined;
  readonly mark: HashMark;
}

/** What a writer needs of its upload. */
export interface WriterSetup {
  readonly part: PartFile;
  readonly journal: Journal;
  readonly hash: PrefixHash;
  readonly start: Checkpoint;
  readonly clock: Clock;
  /** Wall clock, ms since 1970. */
  readonly wallMs: () => number;
  /** Checks and counts bytes before they are taken. */
  readonly take: (offset: number, bytes: number) => void;
  /** Bytes that were taken are not in the file any more. */
  readonly give: (bytes: number) => void;
  /** Called once, when the files are closed. */
  readonly ended: (last: Checkpoint, isHashValid: boolean) => void;
  /** Whether all bytes of this writer count, or none: see {@link UploadWriter.discard}. */
  readonly isAllOrNone: boolean;
}

/**
 * Appends the bytes of one request to an upload. While bytes come it makes them last, in the order file, fdatasync(2), journal, fdatasync(2):
 * every {@link CHECKPOINT_BYTES}, every {@link CHECKPOINT_INTERVAL_MS}, and at the end.
 */
export class UploadWriter {
  readonly #setup: WriterSetup;
  /** With the bytes that are not written yet. */
  #offset: number;
  #last: Checkpoint;
  #checkpointing: Promise<void> | undefined;
  #cancelTimer: (() => void) | undefined;
  #failure: unknown;
  #ending: Promise<void> | undefined;
  readonly #ended: Promise<void>;
  #resolveEnded: () => void = () => undefined;
  #onSuperseded: (() => void) | undefined;

  constructor(setup: WriterSetup) {
    this.#setup = setup;
    this.#offset = setup.start.offset;
    this.#last = setup.start;
    this.#ended = new Promise((resolve) => {
      this.#resolveEnded = resolve;
    });
  }

  get onSuperseded(): (() => void) | undefined {
    return this.#onSuperseded;
  }

  /** Called when a newer request, or an error, ends this one: {@link append} throws from then on. At once if that has happened. */
  set onSuperseded(call: (() => void) | undefined) {
    this.#onSuperseded = call;
    if (this.#failure !== undefined) call?.();
  }

  /** Bytes of the upload with all that were appended. */
  get offset(): number {
    return this.#offset;
  }

  /** Resolves when the writer has ended, by {@link end} or {@link discard}. */
  get ended(): Promise<void> {
    return this.#ended;
  }

  /**
   * Appends bytes, which are copied. Returns a promise when the caller has to wait before the next call.
   *
   * @throws StoreError `SUPERSEDED`, `BAD_LENGTH`, `TOO_LARGE`, `QUOTA`, `NO_SPACE`; the promise rejects with the same.
   */
  append(bytes: Uint8Array): Promise<void> | undefined {
    if (this.#failure !== undefined) throw storeErrorOf(this.#failure);
    if (this.#ending !== undefined) throw superseded();
    const { part, hash, take, isAllOrNone } = this.#setup;
    take(this.#offset, bytes.length);
    hash.update(bytes);
    this.#offset += bytes.length;
    const waiting = part.append(bytes);
    if (!isAllOrNone) this.#planCheckpoint();
    const isFar = !isAllOrNone && this.#offset - this.#last.offset >= MAX_UNSYNCED_BYTES;
    if (isFar) return this.#checkpointing;
    return waiting?.catch((error: unknown) => {
      this.#fail(error);
      throw storeErrorOf(error);
    });
  }

  /** Ends the writer for a newer request: what it has received is kept. */
  supersede(): void {
    if (this.#ending !== undefined) return;
    this.#failure ??= superseded();
    this.#onSuperseded?.();
  }

  /**
   * Makes all bytes last and closes the files. Resolves with the offset. A second call waits for the first.
   *
   * @throws StoreError `NO_SPACE`, or an error in Node's shape such as EIO; the upload is then at its last checkpoint.
   */
  async end(): Promise<number> {
    this.#ending ??= this.#end(async () => {
      if (this.#failure !== undefined && !isSuperseded(this.#failure)) throw this.#failure;
      // All or none: a request that was cut off leaves nothing.
      if (this.#setup.isAllOrNone && this.#failure !== undefined) return this.#reset();
      if (this.#offset > this.#last.offset) await this.#checkpoint();
    });
    await this.#ending;
    return this.#last.offset;
  }

  /** Removes the bytes of this writer, as far as they were not made to last, and closes the files. Resolves with the offset. */
  async discard(): Promise<number> {
    this.#ending ??= this.#end(() => this.#reset());
    await this.#ending;
    return this.#last.offset;
  }

  async #end(last: () => Promise<void>): Promise<void> {
    const { part, journal, hash, ended } = this.#setup;
    this.#cancelTimer?.();
    let isHashValid = true;
    try {
      await this.#checkpointing;
      await last();
    } catch (error) {
      await this.#reset().catch(() => undefined);
      throw storeErrorOf(error);
    } finally {
      if (this.#offset > this.#last.offset) {
        this.#setup.give(this.#offset - this.#last.offset);
        isHashValid = hash.reset(this.#last.mark);
      }
      try {
        await part.close();
        await journal.close();
      } finally {
        ended(this.#last, isHashValid);
        this.#resolveEnded();
      }
    }
  }

  /** Cuts the file to what lasts, so that the disk has the room. */
  async #reset(): Promise<void> {
    await this.#setup.part.flush().catch(() => undefined);
    await this.#setup.part.truncate(this.#last.offset);
  }

  #planCheckpoint(): void {
    if (this.#ending !== undefined || this.#checkpointing !== undefined) return;
    if (this.#offset - this.#last.offset >= CHECKPOINT_BYTES) this.#checkpointSoon();
    else this.#cancelTimer ??= this.#setup.clock.after(CHECKPOINT_INTERVAL_MS, () => this.#checkpointSoon());
  }

  #checkpointSoon(): void {
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
    if (this.#ending !== undefined || this.#failure !== undefined) return;
    this.#checkpointing ??= this.#checkpoint()
      .catch((error: unknown) => this.#fail(error))
      .then(() => {
        this.#checkpointing = undefined;
        // Bytes have come meanwhile.
        if (this.#offset > this.#last.offset) this.#planCheckpoint();
      });
  }

  async #checkpoint(): Promise<void> {
    const { part, journal, hash, wallMs } = this.#setup;
    const offset = this.#offset;
    const mark = hash.mark();
    await part.flushTo(offset);
    await part.datasync();
    const sha256 = await mark.digest();
    await journal.append({ type: "offset", offset, sha256, atMs: wallMs() });
    this.#last = { offset, sha256, mark };
  }

  /** Keeps the first error for the next call. */
  #fail(error: unknown): void {
    this.#failure ??= error;
    this.#onSuperseded?.();
  }
}

function superseded(): StoreError {
  return new StoreError("SUPERSEDED", "A newer request on this upload has ended this one");
}

function isSuperseded(error: unknown): boolean {
  return error instanceof StoreError && error.code === "SUPERSEDED";
}
