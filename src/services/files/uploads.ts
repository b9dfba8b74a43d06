import { randomBytes } from "node:crypto";
import { syncFolder } from "./folder.ts";
import { readJournal, type UploadHead } from "./journal.ts";
import { StoreError, storeErrorOf } from "./store-error.ts";
import { Upload } from "./upload.ts";
import { checkSize, type UploadSpace } from "./upload-space.ts";

/** How often the store looks for uploads that have expired. Until then they answer as expired, and still take their room. */
export const EXPIRY_INTERVAL_MS = 5_000;
/** How long an upload that has ended can be asked for. */
export const ENDED_KEPT_MS = 24 * 60 * 60 * 1_000;
/** Limits the uploads that have ended and can be asked for; beyond it the oldest are forgotten. */
export const MAX_ENDED_UPLOADS = 10_000;
/** Bytes of a random ID: 128 bits cannot be guessed. */
const ID_SIZE = 16;

/** What a client says at the beginning of an upload. */
export type NewUpload = Omit<UploadHead, "createdMs"> & {
  /** The length of the whole file; undefined when the client does not know it yet. */
  readonly length?: number | undefined;
};

/** Makes an ID, which cannot be guessed. */
export function newUploadId(): string {
  return randomBytes(ID_SIZE).toString("base64url");
}

/** The uploads of a store. */
export class Uploads {
  readonly #space: UploadSpace;
  readonly #maxPartials: number;
  readonly #uploads = new Map<string, Upload>();
  /** Uploads whose files are being created: they count. */
  #creating = 0;
  #cancelSweep: (() => void) | undefined;
  #sweeping: Promise<void> | undefined;
  #isClosed = false;
  readonly #report: (error: unknown) => void;

  private constructor(space: UploadSpace, maxPartials: number, report: (error: unknown) => void) {
    this.#space = space;
    this.#maxPartials = maxPartials;
    this.#report = report;
  }

  /** Takes up the uploads of an earlier process, and removes files that belong to none. */
  static async open(space: UploadSpace, maxPartials: number, report: (error: unknown) => void): Promise<Uploads> {
    const uploads = new Uploads(space, maxPartials, report);
    const names = new Set(await space.disk.readdir(space.folder));
    for (const name of names) {
      const [, id = "", kind] = /^([\w-]{22})\.(part|journal)$/.exec(name) ?? [];
      if (kind === "part" && names.has(`${id}.journal`)) continue;
      const path = `${space.folder}/${name}`;
      const content = kind === "journal" ? await readJournal(space.disk, path) : undefined;
      // The client was never told of one whose first line is not there.
      if (content === undefined || content.head.id !== id) await space.disk.unlink(path);
      else uploads.#uploads.set(id, await Upload.load(content, space));
    }
    await uploads.#sweep();
    uploads.#sweepLater();
    return uploads;
  }

  /** Bytes of all uploads that are not complete. */
  get storedBytes(): number {
    let bytes = 0;
    for (const { storedBytes } of this.#uploads.values()) bytes += storedBytes;
    return bytes;
  }

  /** Uploads that are not complete. */
  get partials(): number {
    let partials = this.#creating;
    for (const { state } of this.#uploads.values()) if (state.type === "partial") partials++;
    return partials;
  }

  /** The upload of this ID; undefined when there is none. */
  find(id: string): Upload | undefined {
    return this.#uploads.get(id);
  }

  /**
   * Begins an upload. When this returns, a crash does not lose it.
   *
   * @throws StoreError `TOO_MANY_UPLOADS`, `TOO_LARGE`, `QUOTA`, `NO_SPACE`; and as {@link Publisher.check}, `EXISTS` and others.
   */
  async create({ length, ...rest }: NewUpload): Promise<Upload> {
    const { publisher, space, maxBytes, folder, disk, wallMs } = this.#space;
    if (this.#isClosed) throw new StoreError("CLOSED", "The store is closed");
    if (length !== undefined) checkSize(length, maxBytes);
    space.check(length ?? 0);
    if (this.partials >= this.#maxPartials) {
      throw new StoreError("TOO_MANY_UPLOADS", "The server has too many uploads that are not complete");
    }
    this.#creating++;
    try {
      if (!rest.isPart) await publisher.check(rest);
      const upload = await Upload.create({ ...rest, createdMs: wallMs() }, length, this.#space);
      await syncFolder(disk, folder);
      this.#uploads.set(rest.id, upload);
      return upload;
    } catch (error) {
      throw storeErrorOf(error);
    } finally {
      this.#creating--;
    }
  }

  /** Removes an upload: see {@link Upload.remove}. */
  async remove(id: string): Promise<void> {
    await this.#uploads.get(id)?.remove();
    this.#uploads.delete(id);
  }

  /** Ends all requests; what they have received is kept. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#cancelSweep?.();
    await this.#sweeping;
    await Promise.all([...this.#uploads.values()].map((upload) => upload.close()));
  }

  #sweepLater(): void {
    this.#cancelSweep = this.#space.clock.after(EXPIRY_INTERVAL_MS, () => {
      this.#sweeping = this.#sweep()
        .catch(this.#report)
        .then(() => {
          if (!this.#isClosed) this.#sweepLater();
        });
    });
  }

  /** Removes what has expired, and forgets what has ended long ago. */
  async #sweep(): Promise<void> {
    const nowMs = this.#space.wallMs();
    let ended = 0;
    // From the newest on, so that the oldest of too many are forgotten.
    const byChange = [...this.#uploads.values()].sort((one, other) => other.changedMs - one.changedMs);
    for (const upload of byChange) {
      if (upload.state.type === "partial") {
        if (nowMs >= upload.expiresMs) await upload.expire("expired");
      } else if (++ended > MAX_ENDED_UPLOADS || nowMs - upload.changedMs >= ENDED_KEPT_MS) {
        await this.remove(upload.head.id);
      }
    }
  }
}
