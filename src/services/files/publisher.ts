import { posix } from "node:path";
import type { Base } from "../web/path-handle.ts";
import type { Disk } from "./disk.ts";
import { Folder } from "./folder.ts";
import type { OnConflict, Published } from "./journal.ts";
import type { Space } from "./space.ts";
import { StoreError, storeErrorOf } from "./store-error.ts";

/** Limits the names that are tried for a file whose name is taken: `name (2)` to this number. */
export const MAX_NUMBERED_NAMES = 1_000;
/** limits.h, NAME_MAX: bytes of a name. */
const MAX_NAME_BYTES = 255;

/** Where a file goes. */
export interface Destination {
  /** From the root. */
  readonly path: string;
  readonly onConflict: OnConflict;
}

/** What is known of a complete file. */
export type Content = Pick<Published, "size" | "sha256" | "mtimeMs">;

/** Gives complete files their names. */
export class Publisher {
  readonly #root: Base;
  readonly #disk: Disk;
  readonly #space: Space;

  constructor(root: Base, disk: Disk, space: Space) {
    this.#root = root;
    this.#disk = disk;
    this.#space = space;
  }

  /**
   * Checks early whether the file could get its name now.
   *
   * @throws StoreError `EXISTS`, `IS_FOLDER`, `NOT_FOLDER`, `FORBIDDEN`, `NAME_TOO_LONG`.
   */
  async check({ path, onConflict }: Destination): Promise<void> {
    const { folder, name } = partsOf(path);
    let parent: Folder;
    try {
      parent = await Folder.open(this.#root, folder, this.#disk);
    } catch (error) {
      // It is made when the file is complete.
      if (error instanceof StoreError && error.code === "MISSING") return;
      throw error;
    }
    try {
      const found = await this.#lookUp(parent, name);
      if (found?.isDirectory() === true) throw new StoreError("IS_FOLDER", "There is a folder of this name");
      if (found !== undefined && onConflict === "fail") throw exists();
    } finally {
      parent.close();
    }
  }

  /**
   * Gives a file its name, and makes the folders in which it is. Others see all of it or nothing, and it is there after a crash: the
   * file must have been synced before, and its folder is synced here.
   *
   * @param file - a path to it, on the same file system; afterwards it is there no longer.
   * @param announce - called with the name, before it is there.
   * @throws StoreError as {@link check}, and `NO_SPACE`.
   */
  async publish(
    file: string,
    destination: Destination,
    content: Content,
    announce?: (published: Published) => Promise<void>,
  ): Promise<Published> {
    const { folder, name } = partsOf(destination.path);
    const parent = await Folder.open(this.#root, folder, this.#disk, true);
    try {
      const { onConflict } = destination;
      if (onConflict === "replace") {
        const found = await this.#lookUp(parent, name);
        if (found?.isDirectory() === true) throw new StoreError("IS_FOLDER", "There is a folder of this name");
        const published = { path: destination.path, ...content, isNew: found === undefined };
        await announce?.(published);
        await this.#disk.rename(file, parent.pathTo(name));
        await parent.sync();
        if (found?.isFile() === true) this.#space.give(found.size);
        return published;
      }
      for (let number = 1; number <= (onConflict === "rename" ? MAX_NUMBERED_NAMES : 1); number++) {
        const path = posix.join(folder, numbered(name, number));
        const published = { path, ...content, isNew: true };
        await announce?.(published);
        if (!(await this.#link(file, parent.pathTo(posix.basename(path))))) continue;
        await parent.sync();
        await this.#disk.unlink(file);
        return published;
      }
      throw exists();
    } catch (error) {
      throw storeErrorOf(error);
    } finally {
      parent.close();
    }
  }

  /** Whether a file has got the name that was announced before a crash. */
  async isPublished(file: string, { path, isNew }: Published): Promise<boolean> {
    const part = await this.#disk.stat(file).catch(() => undefined);
    // By rename(2), the old name goes in the same step; by link(2), both are there for a moment.
    if (part === undefined) return true;
    if (!isNew) return false;
    const { folder, name } = partsOf(path);
    const parent = await Folder.open(this.#root, folder, this.#disk).catch(() => undefined);
    try {
      const found = parent === undefined ? undefined : await this.#lookUp(parent, name);
      return found !== undefined && found.ino === part.ino && found.dev === part.dev;
    } finally {
      parent?.close();
    }
  }

  /** False when there is something of this name. */
  async #link(file: string, path: string): Promise<boolean> {
    try {
      await this.#disk.link(file, path);
      return true;
    } catch (error) {
      if (error instanceof Error && "code" in error && error.code === "EEXIST") return false;
      throw error;
    }
  }

  async #lookUp(parent: Folder, name: string): Promise<Awaited<ReturnType<Disk["lstat"]>> | undefined> {
    try {
      return await this.#disk.lstat(parent.pathTo(name));
    } catch (error) {
      const refused = storeErrorOf(error);
      if (refused.code === "MISSING") return undefined;
      throw refused;
    }
  }
}

/** The folder of a path, and the name in it. */
export function partsOf(path: string): { readonly folder: string; readonly name: string } {
  const at = path.lastIndexOf("/");
  return { folder: path.slice(0, Math.max(at, 0)), name: path.slice(at + 1) };
}

/** `name (2).txt` for `name.txt`; a long name is cut. */
export function numbered(name: string, number: number): string {
  if (number === 1) return name;
  const ending = posix.extname(name);
  const suffix = ` (${number})${ending}`;
  let stem = name.slice(0, name.length - ending.length);
  while (Buffer.byteLength(stem + suffix) > MAX_NAME_BYTES) stem = [...stem].slice(0, -1).join("");
  return stem + suffix;
}

function exists(): StoreError {
  return new StoreError("EXISTS", "There is a file of this name, and you may not replace it");
}
