import { constants } from "node:fs";
import { described } from "../web/file-stat.ts";
import type { OpenFailure } from "../web/open-failure.ts";
import { type Base, descriptorPath, openPath, type PathHandle, pathOf } from "../web/path-handle.ts";
import type { Disk } from "./disk.ts";
import { StoreError, storeErrorOf } from "./store-error.ts";

const DIRECTORY = constants.O_RDONLY | constants.O_DIRECTORY;
/** The mode of a new folder, without the bits of umask(2). */
const FOLDER_MODE = 0o777;

/** A folder below a root, held open: what is done in it happens there, whatever its name leads to meanwhile. */
export class Folder {
  readonly #handle: PathHandle;
  readonly #disk: Disk;

  private constructor(handle: PathHandle, disk: Disk) {
    this.#handle = handle;
    this.#disk = disk;
  }

  /**
   * Opens a folder. It follows no symbolic link, so no path leads out of the root, and none to another folder with other rights.
   *
   * @param path - from the root: segments of which none is empty, `.` or `..`; `""` is the root.
   * @param isMade - whether to make it, and the folders in which it is, where they are missing.
   * @throws StoreError `MISSING`, `NOT_FOLDER`, `FORBIDDEN`, `NAME_TOO_LONG`, `NO_SPACE`.
   */
  static async open(root: Base, path: string, disk: Disk, isMade = false): Promise<Folder> {
    const handle = await openFolder(root, path);
    if (handle !== undefined) return new Folder(handle, disk);
    if (!isMade || path === "") throw new StoreError("MISSING", "There is no such folder");
    const at = path.lastIndexOf("/");
    const parent = await Folder.open(root, path.slice(0, Math.max(at, 0)), disk, true);
    try {
      await parent.makeFolder(path.slice(at + 1)).catch((error: unknown) => {
        // Another request has made it.
        if (!(error instanceof StoreError) || error.code !== "EXISTS") throw error;
      });
    } finally {
      parent.close();
    }
    const made = await openFolder(root, path);
    if (made === undefined) throw new StoreError("MISSING", "There is no such folder");
    return new Folder(made, disk);
  }

  /** A path to a name in the folder, for calls that take a path. */
  pathTo(name: string): string {
    return `${descriptorPath(this.#handle.descriptor)}/${name}`;
  }

  /** Makes a folder, mkdir(2), which lasts when this returns. */
  async makeFolder(name: string): Promise<void> {
    try {
      await this.#disk.mkdir(this.pathTo(name), FOLDER_MODE);
    } catch (error) {
      throw storeErrorOf(error);
    }
    await this.sync();
  }

  /** Makes names in the folder last: fsync(2). */
  async sync(): Promise<void> {
    await syncFolder(this.#disk, descriptorPath(this.#handle.descriptor));
  }

  close(): void {
    this.#handle.close();
  }
}

/** fsync(2) of a folder: then its names are on the disk. */
export async function syncFolder(disk: Disk, path: string): Promise<void> {
  const file = await disk.open(`${path}/.`, DIRECTORY);
  try {
    await file.sync();
  } finally {
    await file.close();
  }
}

/** Undefined where nothing has this name. */
async function openFolder(root: Base, path: string): Promise<PathHandle | undefined> {
  let found: PathHandle | OpenFailure;
  try {
    // Its path as it is now: the root may have got another name.
    const base = { descriptor: root.descriptor, path: pathOf(root.descriptor) };
    found = await openPath(base, path === "" ? "." : path, "deny");
  } catch (error) {
    const refused = storeErrorOf(error);
    if (refused.code === "MISSING") return undefined;
    throw refused;
  }
  if ("descriptor" in found) {
    if (described(found.descriptor)?.type === "directory") return found;
    found.close();
  }
  // A file, or a symbolic link on the way.
  throw new StoreError("NOT_FOLDER", "A part of the path is not a folder");
}
