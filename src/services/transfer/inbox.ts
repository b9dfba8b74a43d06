import { createHash } from "node:crypto";
import { codeOf } from "../../socket/values.ts";
import { Folder, syncFolder } from "../files/folder.ts";
import { type FolderLock, lockFolder } from "../files/folder-lock.ts";
import { partsOf } from "../files/publisher.ts";
import { StoreError } from "../files/store-error.ts";
import { descriptorPath } from "../web/path-handle.ts";
import { RootDirectory } from "../web/root-directory.ts";
import { checkEntryPath, type Entry, isInside, TRANSFER_STATE_FOLDER } from "./entry.ts";
import { type InboxDisk, localInboxDisk } from "./inbox-disk.ts";
import { IncomingFile } from "./incoming-file.ts";
import { StoredJournal } from "./stored-journal.ts";
import { TransferError } from "./transfer-error.ts";

/** In the state folder: the files that are stored. */
const JOURNAL = "stored.jsonl";
const NOT_FOLDER_CODES = new Set(["NOT_FOLDER", "ENOTDIR"]);
const NO_SPACE_CODES = new Set(["NO_SPACE", "ENOSPC", "EDQUOT"]);

/** An entry that is a file. */
export type FileEntry = Entry & { readonly type: "file" };

/** What becomes of an entry: its bytes are wanted, or it is there already, or it was made at once. */
export type Offered =
  | { readonly type: "wanted"; readonly file: IncomingFile }
  | { readonly type: "there" }
  | { readonly type: "made" };

/** A file whose bytes are complete, which waits for its name. */
export interface CompleteFile {
  readonly entry: FileEntry;
  readonly file: IncomingFile;
  readonly sha256: string;
}

/** How an inbox treats what is there. */
export interface InboxOptions {
  /** Whether a file of the same path is replaced; otherwise the one that arrives is refused. */
  readonly isOverwriting: boolean;
  readonly disk?: InboxDisk | undefined;
}

/**
 * A folder into which a transfer goes. Each file is written to a part in the state folder, and gets its name when all of it is on the
 * disk; after a crash, a transfer continues where the parts end.
 */
export class Inbox {
  readonly #root: RootDirectory;
  readonly #disk: InboxDisk;
  readonly #isOverwriting: boolean;
  readonly #state: string;
  readonly #lock: FolderLock;
  readonly #journal: StoredJournal;
  /** Names of parts from an earlier run that nobody has taken up. */
  readonly #parts: Set<string>;
  /** Paths of files that arrive or wait for their names. */
  readonly #busy = new Set<string>();
  /** Folders, whose modes and times are set when nothing more goes into them. */
  readonly #folders = new Map<string, Entry>();

  private constructor(
    root: RootDirectory,
    options: InboxOptions,
    state: string,
    lock: FolderLock,
    journal: StoredJournal,
    parts: Set<string>,
  ) {
    this.#root = root;
    this.#disk = options.disk ?? localInboxDisk;
    this.#isOverwriting = options.isOverwriting;
    this.#state = state;
    this.#lock = lock;
    this.#journal = journal;
    this.#parts = parts;
  }

  /**
   * Opens a folder, and takes up what a crash has left in it.
   *
   * @throws StoreError `IN_USE`: another process receives into this folder · Error in Node's shape.
   */
  static async open(path: string, options: InboxOptions): Promise<Inbox> {
    const disk = options.disk ?? localInboxDisk;
    const root = await RootDirectory.open(path);
    try {
      const state = `${descriptorPath(root.descriptor)}/${TRANSFER_STATE_FOLDER}`;
      await disk.mkdir(state, 0o700).catch((error: unknown) => {
        if (codeOf(error) !== "EEXIST") throw error;
      });
      if (!(await disk.lstat(state)).isDirectory())
        throw Object.assign(new Error(`${TRANSFER_STATE_FOLDER} is not a folder`), { code: "ENOTDIR" });
      const lock = await lockFolder(`${state}/lock`);
      try {
        const parts = new Set((await disk.readdir(state)).filter((name) => name.startsWith("part-")));
        const journal = await StoredJournal.open(disk, `${state}/${JOURNAL}`);
        return new Inbox(root, options, state, lock, journal, parts);
      } catch (error) {
        await lock.close();
        throw error;
      }
    } catch (error) {
      root.retire();
      throw error;
    }
  }

  /**
   * Takes an entry: makes a folder or a link, or says how much of a file is missing.
   *
   * @param isSkipping - whether a file of the same path counts as this one.
   * @throws TransferError `BAD_NAME`, `OUTSIDE`, `EXISTS`, `NO_SPACE`, `UNWRITABLE`: of this entry.
   */
  async offer(entry: Entry, isSkipping = false): Promise<Offered> {
    checkEntryPath(entry.path);
    try {
      switch (entry.type) {
        case "folder":
          (await Folder.open(this.#root, entry.path, this.#disk, true)).close();
          this.#folders.set(entry.path, entry);
          return { type: "made" };
        case "link":
          return await this.#makeLink(entry);
        case "file":
          return await this.#offerFile(entry, isSkipping);
      }
    } catch (error) {
      throw entryErrorOf(error);
    }
  }

  /**
   * Gives complete files their names, in this order: all are synced, the journal has them, they get their names, and their folders are
   * synced. Nothing of this is undone by a crash, nor half of it to be seen.
   *
   * @returns the error of each file that did not get its name, in the same order.
   * @throws Error in Node's shape: the parts stay, and none of the files counts as stored.
   */
  async store(batch: readonly CompleteFile[]): Promise<readonly (TransferError | undefined)[]> {
    try {
      await Promise.all(batch.map((each) => this.#seal(each)));
      await this.#journal.append(
        batch.map(({ entry, file, sha256 }) => {
          return { path: entry.path, size: file.length, mtimeMs: entry.mtimeMs, sha256 };
        }),
      );
      return await this.#nameAll(batch);
    } catch (error) {
      for (const { entry } of batch) this.#parts.add(partName(entry));
      throw error;
    } finally {
      await Promise.all(batch.map(({ entry, file }) => this.#leave(entry, file)));
    }
  }

  /** Keeps the part of a file whose bytes do not come to their end. */
  async pause(entry: FileEntry, file: IncomingFile): Promise<void> {
    // What could not be written is not in the part: its length says so when it is opened again.
    await file.flush().catch(() => undefined);
    await this.#leave(entry, file);
    this.#parts.add(partName(entry));
  }

  /** Removes the part of a file. */
  async discard(entry: FileEntry, file: IncomingFile): Promise<void> {
    this.#busy.delete(entry.path);
    await file.discard();
  }

  /** Sets modes and times of the folders, the inner ones first. */
  async finishFolders(): Promise<void> {
    const deepest = [...this.#folders.values()].toSorted((a, b) => b.path.length - a.path.length);
    for (const { path, mode, mtimeMs } of deepest) {
      const folder = await Folder.open(this.#root, path, this.#disk).catch(() => undefined);
      // Somebody has removed it meanwhile.
      if (folder === undefined) continue;
      try {
        await this.#disk.lutimes(folder.pathTo("."), mtimeMs / 1_000, mtimeMs / 1_000);
        await this.#disk.chmod(folder.pathTo("."), mode);
      } finally {
        folder.close();
      }
    }
    this.#folders.clear();
  }

  /** Removes the state of a transfer that is complete. */
  async clear(): Promise<void> {
    await this.#journal.close();
    await this.#lock.close();
    for (const name of await this.#disk.readdir(this.#state)) await this.#disk.unlink(`${this.#state}/${name}`);
    await this.#disk.rmdir(this.#state);
    await syncFolder(this.#disk, descriptorPath(this.#root.descriptor));
    this.#root.retire();
  }

  /** Keeps the state. */
  async close(): Promise<void> {
    await this.#journal.close();
    await this.#lock.close();
    this.#root.retire();
  }

  async #offerFile(entry: FileEntry, isSkipping: boolean): Promise<Offered> {
    if (this.#busy.has(entry.path)) throw new TransferError("EXISTS", "Another file of this path arrives");
    this.#busy.add(entry.path);
    try {
      const found = await this.#find(entry.path);
      if (found?.isDirectory() === true) throw new TransferError("EXISTS", "There is a folder of this name");
      if (found !== undefined) {
        const stored = this.#journal.get(entry.path);
        const isStored = stored?.mtimeMs === entry.mtimeMs && stored.size === found.size && stored.size === entry.size;
        if (isSkipping || (isStored && isSameTime(found.mtimeMs, entry.mtimeMs))) {
          this.#busy.delete(entry.path);
          return { type: "there" };
        }
        if (!this.#isOverwriting) throw exists();
      }
      const name = partName(entry);
      const path = `${this.#state}/${name}`;
      const isResumed = this.#parts.delete(name);
      const file = isResumed
        ? await IncomingFile.resume(this.#disk, path, entry.size)
        : await IncomingFile.create(this.#disk, path);
      return { type: "wanted", file };
    } catch (error) {
      this.#busy.delete(entry.path);
      throw error;
    }
  }

  async #makeLink(entry: Entry & { readonly type: "link" }): Promise<Offered> {
    if (!isInside(entry.path, entry.target)) throw new TransferError("OUTSIDE", "The link leads out of the folder");
    const { folder, name } = partsOf(entry.path);
    const parent = await Folder.open(this.#root, folder, this.#disk, true);
    try {
      const path = parent.pathTo(name);
      try {
        await this.#disk.symlink(entry.target, path);
      } catch (error) {
        if (codeOf(error) !== "EEXIST") throw error;
        const target = await this.#disk.readlink(path).catch(() => undefined);
        if (target !== entry.target) throw exists();
        return { type: "there" };
      }
      await this.#disk.lutimes(path, entry.mtimeMs / 1_000, entry.mtimeMs / 1_000);
      await parent.sync();
      return { type: "made" };
    } finally {
      parent.close();
    }
  }

  async #nameAll(batch: readonly CompleteFile[]): Promise<readonly (TransferError | undefined)[]> {
    const opening = new Map<string, Promise<Folder>>();
    const folderOf = (path: string): Promise<Folder> => {
      const folder = opening.get(path) ?? Folder.open(this.#root, path, this.#disk, true);
      opening.set(path, folder);
      return folder;
    };
    const outcomes = await Promise.all(
      batch.map(async (each) => {
        try {
          await this.#name(each, await folderOf(partsOf(each.entry.path).folder));
          return undefined;
        } catch (error) {
          this.#parts.add(partName(each.entry));
          return entryErrorOf(error);
        }
      }),
    );
    const opened = await Promise.allSettled(opening.values());
    const folders = opened.flatMap((each) => (each.status === "fulfilled" ? [each.value] : []));
    try {
      await Promise.all(folders.map((folder) => folder.sync()));
      return outcomes;
    } finally {
      for (const folder of folders) folder.close();
    }
  }

  /** Gives the part its mode and times, and waits until it is on the disk. */
  async #seal({ entry, file }: CompleteFile): Promise<void> {
    await file.flush();
    await this.#disk.chmod(file.path, entry.mode);
    await this.#disk.lutimes(file.path, entry.mtimeMs / 1_000, entry.mtimeMs / 1_000);
    await file.sync();
  }

  async #name({ entry, file }: CompleteFile, folder: Folder): Promise<void> {
    const path = folder.pathTo(partsOf(entry.path).name);
    if (this.#isOverwriting) {
      await this.#disk.rename(file.path, path);
      return;
    }
    await this.#disk.link(file.path, path);
    await this.#disk.unlink(file.path);
  }

  async #leave({ path }: FileEntry, file: IncomingFile): Promise<void> {
    this.#busy.delete(path);
    await file.close();
  }

  async #find(path: string): Promise<Awaited<ReturnType<InboxDisk["lstat"]>> | undefined> {
    const { folder, name } = partsOf(path);
    let parent: Folder;
    try {
      parent = await Folder.open(this.#root, folder, this.#disk);
    } catch (error) {
      if (error instanceof StoreError && error.code === "MISSING") return undefined;
      throw error;
    }
    try {
      return await this.#disk.lstat(parent.pathTo(name));
    } catch (error) {
      if (codeOf(error) === "ENOENT") return undefined;
      throw error;
    } finally {
      parent.close();
    }
  }
}

/** The part of a file of this path, size and time: a file that has changed meanwhile gets another. */
function partName({ path, size, mtimeMs }: FileEntry): string {
  return `part-${createHash("sha256")
    .update(JSON.stringify([path, size, mtimeMs]))
    .digest("hex")
    .slice(0, 32)}`;
}

/** utimensat(2) is called with seconds as a double: its digits end at about 200 ns. */
function isSameTime(a: number, b: number): boolean {
  return Math.abs(a - b) < 0.01;
}

function exists(): TransferError {
  return new TransferError("EXISTS", "There is a file of this name");
}

/** The error of one entry that an error of the file system is. */
function entryErrorOf(error: unknown): TransferError {
  if (error instanceof TransferError) return error;
  const code = String(error instanceof StoreError ? error.code : (codeOf(error) ?? error));
  if (code === "EEXIST") return exists();
  if (NOT_FOLDER_CODES.has(code))
    return new TransferError("EXISTS", "A part of the path is a file or a link", { cause: error });
  if (NO_SPACE_CODES.has(code)) return new TransferError("NO_SPACE", "The receiver's disk is full", { cause: error });
  return new TransferError("UNWRITABLE", `The receiver cannot write it: ${code}`, { cause: error });
}
