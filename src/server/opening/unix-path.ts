import {
  chmodSync,
  closeSync,
  constants,
  lchownSync,
  lstatSync,
  openSync,
  readFileSync,
  renameSync,
  unlinkSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { codeOf, nearest } from "../../socket/values.ts";
import { SocketUrlError } from "../url/socket-url.ts";

/** The operations of a transport on the path of a Unix socket. */
export interface PathBinder {
  /** Binds the socket that will serve, bind(2). */
  bind(): void | Promise<void>;
  /** Tries a connect(2) that no server notices, without waiting, and throws its error. */
  probe(path: string): void | Promise<void>;
  /** Binds a socket to the path as a lock. Returns a function that removes it. */
  hold(path: string): (() => void) | Promise<() => void>;
}

/** Attempts to bind a path that was in use and disappeared before it could be checked; after these, the bind fails with EADDRINUSE. */
const MAX_BIND_TRIES = 3;
/** Locks of crashed takeovers to clean up, each of which was cleaning up after the one before; beyond these, the bind fails with EADDRINUSE. */
const MAX_ABANDONED_LOCKS = 4;
/** The longest path of a Unix socket: sun_path holds 108 bytes with the NUL, unix(7). A longer path of a lock goes through /proc/self/fd. */
const MAX_PATH_BYTES = 107;

/** The permissions and the owner of a socket's file: chmod(2), chown(2). A field that is not given stays as bind(2) made it. */
export interface FileAccess {
  readonly mode?: number;
  /** The name or number of a user. */
  readonly owner?: string;
  /** The name or number of a group. */
  readonly group?: string;
}

/** The path of a Unix socket that this process bound. It is removed only while it is still the same file. */
export class UnixPath {
  readonly #path: string;
  readonly #file: string;
  #isRemoved = false;

  private constructor(path: string) {
    this.#path = path;
    this.#file = fileAt(path) ?? "";
  }

  /**
   * Binds a path, bind(2), and sets its permissions and owner. It takes over a socket file that a dead server left behind, but
   * only when no process has it open.
   */
  static async bind(path: string, binder: PathBinder, access: FileAccess = {}): Promise<UnixPath> {
    // Before the bind: an unknown name must leave no file behind.
    const owner = access.owner === undefined ? KEEP : idOf("/etc/passwd", access.owner);
    const group = access.group === undefined ? KEEP : idOf("/etc/group", access.group);
    await bindOrTakeOver(path, binder);
    const bound = new UnixPath(path);
    try {
      // chown(2) clears no permissions of a socket, but chmod(2) may need the old owner.
      if (access.mode !== undefined) chmodSync(path, access.mode);
      if (owner !== KEEP || group !== KEEP) lchownSync(path, owner, group);
    } catch (error) {
      bound.remove();
      throw error;
    }
    return bound;
  }

  /** Removes the file. Call it before the close: afterwards another process may bind the path, and the inode number be reused. */
  remove(): void {
    if (this.#isRemoved) return;
    this.#isRemoved = true;
    if (fileAt(this.#path) !== this.#file) return;
    try {
      unlinkSync(this.#path);
    } catch (error) {
      if (codeOf(error) !== "ENOENT") throw error;
    }
  }

  /** Calls a `close` that removes any file at the path, as libuv's does. A file of another process is put back. */
  removeWith(close: () => void): void {
    const current = this.#isRemoved ? undefined : fileAt(this.#path);
    this.#isRemoved = true;
    if (current === undefined || current === this.#file) {
      close();
      return;
    }
    const savedPath = join(dirname(this.#path), `.sockwright-kept-${process.pid}`);
    renameSync(this.#path, savedPath);
    try {
      close();
    } finally {
      // A process that bound the path meanwhile keeps it.
      if (fileAt(this.#path) === undefined) renameSync(savedPath, this.#path);
      else unlinkSync(savedPath);
    }
  }
}

/** chown(2): -1 leaves the owner or group as it is. */
const KEEP = -1;

/** The number of a user or group, from passwd(5) or group(5): the first field is the name, and the third the number. */
function idOf(file: string, name: string): number {
  if (/^\d+$/.test(name)) return Number(name);
  const fields = readFileSync(file, "utf8")
    .split("\n")
    .map((line) => line.split(":"));
  const id = fields.find(([known]) => known === name)?.[2];
  if (id !== undefined) return Number(id);
  const names = fields.flatMap(([known = ""]) => (known === "" ? [] : [known]));
  const near = nearest(name, names);
  const hint = near === undefined ? `${file} has the names; a number will do, too` : `did you mean ${near}?`;
  throw new SocketUrlError(name, `is no ${file === "/etc/group" ? "group" : "user"} of this machine: ${hint}`);
}

async function bindOrTakeOver(path: string, binder: PathBinder): Promise<void> {
  for (let tries = 1; ; tries++) {
    try {
      await binder.bind();
      return;
    } catch (error) {
      if (codeOf(error) !== "EADDRINUSE") throw error;
      if (await takeOver(path, binder, () => binder.bind())) return;
      // When the file is gone, the server that had it has just closed: try again.
      if (tries === MAX_BIND_TRIES || fileAt(path) !== undefined) throw error;
    }
  }
}

/**
 * Removes a stale socket file, and binds in its place; returns whether it did. When several processes try at once, one
 * succeeds: it must hold the lock for that file, and checks the file again under the lock. The lock is a socket next to the
 * path: the kernel releases it when its process dies, so that the lock of a crashed process is taken over in the same way. The
 * path is not replaced by rename(2), since a socket keeps the name that it was bound to, and reports it to its peers.
 */
async function takeOver(
  path: string,
  binder: PathBinder,
  bind: () => void | Promise<void>,
  abandoned = 0,
): Promise<boolean> {
  const stale = await findStaleFile(path, binder);
  if (stale === undefined) return false;
  const unlock = await lock(path, stale, binder, abandoned);
  // Another process is taking it over.
  if (unlock === undefined) return false;
  try {
    if ((await findStaleFile(path, binder)) !== stale) return false;
    unlinkSync(path);
    await bind();
    return true;
  } catch (error) {
    // Another process bound the path in the moment when it was free.
    if (codeOf(error) === "EADDRINUSE") return false;
    throw error;
  } finally {
    unlock();
  }
}

/** Takes the lock for one file, and returns a function that releases it; undefined while another process holds it. */
async function lock(
  path: string,
  file: string,
  binder: PathBinder,
  abandoned: number,
): Promise<(() => void) | undefined> {
  const lockPath = pathIn(dirname(path), `.sockwright-${file.replace(":", "-")}`);
  let unlock: (() => void) | undefined;
  const hold = async (): Promise<void> => {
    unlock = await binder.hold(lockPath.path);
  };
  try {
    await hold();
  } catch (error) {
    if (codeOf(error) !== "EADDRINUSE") throw error;
    if (abandoned < MAX_ABANDONED_LOCKS) await takeOver(lockPath.path, binder, hold, abandoned + 1);
  } finally {
    if (unlock === undefined) lockPath.close();
  }
  const release = unlock;
  if (release === undefined) return undefined;
  return () => {
    release();
    lockPath.close();
  };
}

/** The path of a name in a folder. When it is too long for a socket, it goes through /proc/self/fd: proc(5). */
function pathIn(folder: string, name: string): { readonly path: string; close(): void } {
  const path = join(folder, name);
  if (Buffer.byteLength(path) <= MAX_PATH_BYTES) return { path, close: () => undefined };
  const descriptor = openSync(folder, constants.O_RDONLY | constants.O_DIRECTORY);
  return { path: `/proc/self/fd/${descriptor}/${name}`, close: () => closeSync(descriptor) };
}

/** The identity of the socket file at the path when no process has it open, so that a connect is refused, unix(7); else undefined. */
async function findStaleFile(path: string, binder: PathBinder): Promise<string | undefined> {
  const found = lstatSync(path, { bigint: true, throwIfNoEntry: false });
  if (found?.isSocket() !== true) return undefined;
  try {
    await binder.probe(path);
    return undefined;
  } catch (error) {
    return codeOf(error) === "ECONNREFUSED" ? `${found.dev}:${found.ino}` : undefined;
  }
}

/** The identity (device and inode) of the file at the path; undefined when there is none. No other file gets it while the socket is open. */
function fileAt(path: string): string | undefined {
  const found = lstatSync(path, { bigint: true, throwIfNoEntry: false });
  return found && `${found.dev}:${found.ino}`;
}
