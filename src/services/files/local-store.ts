import { lstat, opendir } from "node:fs/promises";
import { attempt } from "../../server/telemetry/attempt.ts";
import { type Clock, systemClock } from "../../server/time/clock.ts";
import { type Base, descriptorPath } from "../web/path-handle.ts";
import { RootDirectory } from "../web/root-directory.ts";
import { DigestThread } from "./digest-thread.ts";
import { type Disk, localDisk } from "./disk.ts";
import type { FileReceiver, FileStore, ReceiveOptions } from "./file-store.ts";
import { Folder } from "./folder.ts";
import type { Published } from "./journal.ts";
import { PartFile } from "./part-file.ts";
import { MemoryHash, NO_HASH } from "./prefix-hash.ts";
import { type Destination, Publisher, partsOf } from "./publisher.ts";
import { type Author, type Change, type Receipt, Receipts } from "./receipts.ts";
import { SimilarNames } from "./similar-names.ts";
import { Space } from "./space.ts";
import { STATE_FOLDER, StateFolder } from "./state-folder.ts";
import { StoreError, storeErrorOf } from "./store-error.ts";
import type { Upload } from "./upload.ts";
import { checkSize, type UploadSpace } from "./upload-space.ts";
import { type NewUpload, Uploads } from "./uploads.ts";
import { WholeFile } from "./whole-file.ts";

/** How often the store counts the bytes below its root, when there is a quota: other programs may change files there. */
export const QUOTA_COUNT_INTERVAL_MS = 10 * 60 * 1_000;

/** How a store in a folder is opened. */
export interface LocalStoreOptions {
  /** Limits the bytes of a file. */
  readonly maxBytes: number;
  /** Limits the bytes of all files and uploads; undefined is no limit. */
  readonly quotaBytes?: number | undefined;
  /** Limits the uploads that are not complete. */
  readonly maxPartials: number;
  /** When an upload to which nothing is appended expires. */
  readonly expireMs: number;
  /** Whether digests are computed. */
  readonly hasDigests: boolean;
  /** Called with errors that no request can be told of. */
  readonly onError: (error: unknown) => void;
  /** Called with each change, when it is on the disk. */
  readonly onChange?: ((receipt: Receipt) => void) | undefined;
  readonly clock?: Clock | undefined;
  readonly disk?: Disk | undefined;
  /** Wall clock, ms since 1970. */
  readonly wallMs?: (() => number) | undefined;
}

/** A store in a folder of this machine. */
export class LocalStore implements FileStore {
  readonly #root: RootDirectory;
  readonly #state: StateFolder;
  readonly #receipts: Receipts;
  readonly #changes: ChangeLog;
  readonly #space: UploadSpace;
  readonly #uploads: Uploads;
  readonly #options: LocalStoreOptions;
  #lastFile = 0;
  /** Files that arrive in one request. */
  readonly #receiving = new Set<WholeFile>();
  #counting: Promise<void> | undefined;
  #cancelCount: (() => void) | undefined;
  #isClosed = false;

  private constructor(parts: Parts, options: LocalStoreOptions) {
    this.#root = parts.root;
    this.#state = parts.state;
    this.#receipts = parts.receipts;
    this.#changes = parts.changes;
    this.#space = parts.space;
    this.#uploads = parts.uploads;
    this.#options = options;
  }

  /**
   * Opens the folder, and takes up the uploads of an earlier process.
   *
   * @throws StoreError `IN_USE` · Error in Node's shape for a folder that cannot be opened.
   */
  static async open(path: string, options: LocalStoreOptions): Promise<LocalStore> {
    const { disk = localDisk } = options;
    const opened: (() => unknown)[] = [];
    try {
      const root = await RootDirectory.open(path);
      opened.push(() => root.retire());
      const state = await StateFolder.open(root);
      opened.push(() => state.close());
      const receipts = await Receipts.open(disk, state.receipts);
      opened.push(() => receipts.close());
      const changes = new ChangeLog(root, receipts, options);
      const space = uploadSpace(root, state, changes, options);
      const uploads = await Uploads.open(space, options.maxPartials, options.onError);
      opened.push(() => uploads.close());
      const store = new LocalStore({ root, state, receipts, changes, space, uploads }, options);
      if (options.quotaBytes !== undefined) await store.#count();
      return store;
    } catch (error) {
      for (const close of opened.reverse()) await close();
      throw error;
    }
  }

  /** A path to the root, whatever its name leads to meanwhile. */
  get rootPath(): string {
    return descriptorPath(this.#root.descriptor);
  }

  /** A path to a file with the key of signed links. */
  get linkKeyPath(): string {
    return this.#state.linkKey;
  }

  async receive(destination: Destination, { length, author }: ReceiveOptions): Promise<FileReceiver> {
    const { publisher, space, maxBytes, disk } = this.#space;
    this.#checkOpen();
    if (length !== undefined) checkSize(length, maxBytes);
    space.check(length ?? 0);
    await publisher.check(destination);
    const path = `${this.#state.incoming}/${++this.#lastFile}`;
    let part: PartFile;
    try {
      part = await PartFile.create(disk, path);
    } catch (error) {
      throw storeErrorOf(error);
    }
    const file: WholeFile = new WholeFile({
      disk,
      path,
      part,
      hash: this.#space.hasDigests ? new MemoryHash() : NO_HASH,
      length,
      maxBytes,
      space,
      publish: async (content) => {
        const published = await publisher.publish(path, destination, content);
        await this.#space.published(published, author);
        return published;
      },
      ended: () => this.#receiving.delete(file),
    });
    this.#receiving.add(file);
    return file;
  }

  async createUpload(upload: NewUpload): Promise<Upload> {
    this.#checkOpen();
    return await this.#uploads.create(upload);
  }

  findUpload(id: string): Upload | undefined {
    return this.#uploads.find(id);
  }

  async removeUpload(id: string): Promise<void> {
    await this.#uploads.remove(id);
  }

  async remove(path: string, author: Author): Promise<void> {
    await this.#in(path, async (folder, name) => {
      const found = await this.#space.disk.lstat(folder.pathTo(name));
      if (found.isDirectory()) await this.#space.disk.rmdir(folder.pathTo(name));
      else await this.#space.disk.unlink(folder.pathTo(name));
      await folder.sync();
      if (found.isFile()) this.#space.space.give(found.size);
    });
    await this.#changed({ event: "deleted", path }, author);
  }

  async move(from: string, to: string, isReplacing: boolean, author: Author): Promise<boolean> {
    if (`${to}/`.startsWith(`${from}/`)) throw new StoreError("EXISTS", "A folder cannot be moved into itself");
    const { disk, space } = this.#space;
    const isNew = await this.#in(from, (source, name) =>
      this.#in(to, async (target, newName) => {
        const [existing, path] = [source.pathTo(name), target.pathTo(newName)];
        const moved = await disk.lstat(existing);
        const replaced = await disk.lstat(path).catch(missing);
        if (replaced?.isDirectory() === true) throw new StoreError("IS_FOLDER", "There is a folder of this name");
        if (replaced !== undefined && (!isReplacing || moved.isDirectory())) {
          throw new StoreError("EXISTS", "There is a file of this name, and you may not replace it");
        }
        if (replaced !== undefined || moved.isDirectory()) {
          await disk.rename(existing, path);
        } else {
          // rename(2) would replace a file that appears at this moment.
          await disk.link(existing, path);
          await disk.unlink(existing);
        }
        await target.sync();
        await source.sync();
        if (replaced?.isFile() === true) space.give(replaced.size);
        return replaced === undefined;
      }),
    );
    await this.#changed({ event: "moved", path: from, to }, author);
    return isNew;
  }

  async makeFolder(path: string): Promise<void> {
    await this.#in(path, (folder, name) => folder.makeFolder(name));
  }

  async typeOf(path: string): Promise<"file" | "folder" | undefined> {
    if (path === "") return "folder";
    const found = await this.#in(path, (folder, name) => this.#space.disk.lstat(folder.pathTo(name))).catch(missing);
    if (found === undefined) return undefined;
    return found.isDirectory() ? "folder" : "file";
  }

  async sha256Of(path: string, isComputed: boolean): Promise<string | undefined> {
    return await this.#in(path, async (folder, name) => {
      const { disk, thread } = this.#space;
      const found = await disk.lstat(folder.pathTo(name));
      const known = this.#receipts.sha256Of(path, found);
      if (known !== undefined || !isComputed || !found.isFile()) return known;
      const sha256 = await thread.digestOf(folder.pathTo(name));
      const after = await disk.lstat(folder.pathTo(name));
      const isSame = after.ino === found.ino && after.size === found.size && after.mtimeMs === found.mtimeMs;
      if (isSame) this.#receipts.learn(path, { size: found.size, mtimeMs: found.mtimeMs, sha256 });
      return isSame ? sha256 : undefined;
    });
  }

  /** Ends all requests, and gives the folder free for another process. What uploads have received is kept. */
  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#cancelCount?.();
    await this.#counting;
    await Promise.all([...this.#receiving].map((file) => file.discard()));
    await this.#uploads.close();
    await this.#space.thread.close();
    await this.#receipts.close();
    await this.#state.close();
    this.#root.retire();
  }

  #checkOpen(): void {
    if (this.#isClosed) throw new StoreError("CLOSED", "The store is closed");
  }

  /** Does something with a name in its folder. */
  async #in<Result>(path: string, use: (folder: Folder, name: string) => Promise<Result>): Promise<Result> {
    this.#checkOpen();
    const { folder, name } = partsOf(path);
    const opened = await Folder.open(this.#root, folder, this.#space.disk);
    try {
      return await use(opened, name);
    } catch (error) {
      throw storeErrorOf(error);
    } finally {
      opened.close();
    }
  }

  async #changed(change: Change, author: Author): Promise<void> {
    await this.#changes.add(change, author);
  }

  /** Counts the bytes below the root, and does so again later. */
  async #count(): Promise<void> {
    const { space, clock } = this.#space;
    const before = space.usedBytes;
    const counted = await bytesBelow(this.rootPath);
    // With what has changed while it was counted.
    space.set(counted + this.#uploads.storedBytes + Math.max(0, space.usedBytes - before));
    if (this.#isClosed) return;
    this.#cancelCount = clock.after(QUOTA_COUNT_INTERVAL_MS, () => {
      this.#counting = this.#count().catch(this.#options.onError);
    });
  }
}

/** What an open store consists of. */
interface Parts {
  readonly root: RootDirectory;
  readonly state: StateFolder;
  readonly receipts: Receipts;
  readonly changes: ChangeLog;
  readonly space: UploadSpace;
  readonly uploads: Uploads;
}

function uploadSpace(
  root: RootDirectory,
  state: StateFolder,
  changes: ChangeLog,
  options: LocalStoreOptions,
): UploadSpace {
  const { clock = systemClock, disk = localDisk, wallMs = Date.now, hasDigests, maxBytes, expireMs } = options;
  const space = new Space(options.quotaBytes);
  const publisher = new Publisher(root, disk, space);
  const thread = new DigestThread();
  const published = async ({ isNew, ...rest }: Published, author: Author): Promise<void> => {
    await changes.add({ event: isNew ? "created" : "replaced", ...rest }, author);
  };
  return {
    disk,
    folder: state.uploads,
    clock,
    wallMs,
    space,
    publisher,
    thread,
    hasDigests,
    maxBytes,
    expireMs,
    published,
  };
}

/** Writes the receipts of changes, and tells of them. */
class ChangeLog {
  readonly #receipts: Receipts;
  readonly #options: LocalStoreOptions;
  readonly #similar: SimilarNames;

  constructor(root: Base, receipts: Receipts, options: LocalStoreOptions) {
    const { disk = localDisk } = options;
    this.#receipts = receipts;
    this.#options = options;
    this.#similar = new SimilarNames(async (path) => {
      const folder = await Folder.open(root, path, disk);
      try {
        return await disk.readdir(folder.pathTo("."));
      } finally {
        folder.close();
      }
    });
  }

  async add(change: Change, author: Author): Promise<void> {
    const receipt = await this.#receipts.add(await this.#compared(change), author);
    attempt(() => this.#options.onChange?.(receipt), this.#options.onError);
  }

  /** Names that are similar are a warning, which never keeps a file from being received. */
  async #compared(change: Change): Promise<Change> {
    if (change.event === "deleted" || change.event === "moved") this.#similar.remove(change.path);
    if (change.event === "moved") await this.#similar.add(change.to).catch(missing);
    if (change.event !== "created") return change;
    const similarTo = await this.#similar.add(change.path).catch(missing);
    return similarTo === undefined ? change : { ...change, similarTo };
  }
}

/** The bytes of all files below a folder but those of the state. Folders that the process may not read count as empty. */
async function bytesBelow(path: string): Promise<number> {
  let bytes = 0;
  const pending = [path];
  for (let folder = pending.pop(); folder !== undefined; folder = pending.pop()) {
    const entries = await opendir(folder).catch(missing);
    if (entries === undefined) continue;
    for await (const entry of entries) {
      const own = `${folder}/${entry.name}`;
      if (entry.isDirectory() && own !== `${path}/${STATE_FOLDER}`) pending.push(own);
      else if (entry.isFile()) bytes += (await lstat(own).catch(missing))?.size ?? 0;
    }
  }
  return bytes;
}

/** Undefined for what is not there. */
function missing(error: unknown): undefined {
  const { code } = storeErrorOf(error);
  if (code !== "MISSING" && code !== "NOT_FOLDER" && code !== "FORBIDDEN") throw error;
}
