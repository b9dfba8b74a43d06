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
import { nearest } from "../../socket/values.ts";
import { SocketUrlError } from "../url/socket-url.ts";

/** How a transport binds the path of a Unix socket, and looks whether somebody has it open. */
export interface PathBinder {
  /** bind(2) of the socket that is to serve. */
  bind(): void | Promise<void>;
  /** One connect(2), which no server notices, and without waiting: throws its error. */
  probe(path: string): void | Promise<void>;
  /** Binds a socket of no other use to the path; what it gives removes it. */
  hold(path: string): (() => void) | Promise<() => void>;
}

/** Times that a path is bound once more because it went away after it was found in use. */
const MAX_BIND_TRIES = 3;
/** Takeovers of one path that crashed in the middle, each while it cleaned up after the one before. */
const MAX_ABANDONED_LOCKS = 4;
/** The longest path that is bound directly — unix(7): sun_path holds 108 bytes, one of them the NUL. */
const MAX_PATH_BYTES = 107;

/** Who may connect to the socket at a path: chmod(2), chown(2). What is not given stays as bind(2) made it. */
export interface FileAccess {
  readonly mode?: number;
  /** Names or numbers. */
  readonly owner?: string;
  readonly group?: string;
}

/** The path of a Unix socket that we bound: it is ours to remove, for as long as it is still the same file. */
export class UnixPath {
  readonly #path: string;
  readonly #file: string;
  #isRemoved = false;

  private constructor(path: string) {
    this.#path = path;
    this.#file = fileAt(path) ?? "";
  }

  /** bind(2); a path that a server left behind is taken over, but only when nobody has it open. */
  static async bind(path: string, binder: PathBinder, access: FileAccess = {}): Promise<UnixPath> {
    // Before the bind: a name that nobody has is a mistake that leaves nothing behind.
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

  /** Before the close: afterwards somebody else may have bound the path, and the inode's number come again. */
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

  /** For a `close` that removes whatever is at the path by then, as libuv's does: what is somebody else's comes back. */
  removeBy(close: () => void): void {
    const there = this.#isRemoved ? undefined : fileAt(this.#path);
    this.#isRemoved = true;
    if (there === undefined || there === this.#file) {
      close();
      return;
    }
    const aside = join(dirname(this.#path), `.sockwright-kept-${process.pid}`);
    renameSync(this.#path, aside);
    try {
      close();
    } finally {
      // Whoever was so fast as to bind it meanwhile keeps it.
      if (fileAt(this.#path) === undefined) renameSync(aside, this.#path);
      else unlinkSync(aside);
    }
  }
}

/** chown(2): -1 leaves an owner or group as it is. */
const KEEP = -1;

/** The number of a user or group: passwd(5) and group(5) have the name first, and the number third. */
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
      // A server that had the path may have closed just now.
      if (tries === MAX_BIND_TRIES || fileAt(path) !== undefined) throw error;
    }
  }
}

/**
 * Removes the socket that was left behind, and binds in its place. Of several who do so at once one succeeds: who removes has the
 * lock for that very file, and looks once more. The lock is a socket too, beside the path: the kernel lets go of it when its
 * process dies, so that what a crash leaves behind is taken over in the same way. The path is not replaced by rename(2), since a
 * socket keeps the name that it was bound to, and tells it to its peers.
 */
async function takeOver(
  path: string,
  binder: PathBinder,
  bind: () => void | Promise<void>,
  abandoned = 0,
): Promise<boolean> {
  const stale = await staleFile(path, binder);
  if (stale === undefined) return false;
  const unlock = await lock(path, stale, binder, abandoned);
  // Somebody else is about to take it over.
  if (unlock === undefined) return false;
  try {
    if ((await staleFile(path, binder)) !== stale) return false;
    unlinkSync(path);
    await bind();
    return true;
  } catch (error) {
    // The path was free for a moment, and somebody else was faster.
    if (codeOf(error) === "EADDRINUSE") return false;
    throw error;
  } finally {
    unlock();
  }
}

/** The right to remove one file; undefined while another has it. */
async function lock(
  path: string,
  file: string,
  binder: PathBinder,
  abandoned: number,
): Promise<(() => void) | undefined> {
  const beside = within(dirname(path), `.sockwright-${file.replace(":", "-")}`);
  let unlock: (() => void) | undefined;
  const hold = async (): Promise<void> => {
    unlock = await binder.hold(beside.path);
  };
  try {
    await hold();
  } catch (error) {
    if (codeOf(error) !== "EADDRINUSE") throw error;
    if (abandoned < MAX_ABANDONED_LOCKS) await takeOver(beside.path, binder, hold, abandoned + 1);
  } finally {
    if (unlock === undefined) beside.close();
  }
  const release = unlock;
  if (release === undefined) return undefined;
  return () => {
    release();
    beside.close();
  };
}

/** The path of a name in a folder, however long the folder's own is: proc(5). */
function within(folder: string, name: string): { readonly path: string; close(): void } {
  const path = join(folder, name);
  if (Buffer.byteLength(path) <= MAX_PATH_BYTES) return { path, close: () => undefined };
  const descriptor = openSync(folder, constants.O_RDONLY | constants.O_DIRECTORY);
  return { path: `/proc/self/fd/${descriptor}/${name}`, close: () => closeSync(descriptor) };
}

/** The socket at the path, if nobody has it open; unix(7): a connect to it is refused. */
async function staleFile(path: string, binder: PathBinder): Promise<string | undefined> {
  const found = lstatSync(path, { bigint: true, throwIfNoEntry: false });
  if (found?.isSocket() !== true) return undefined;
  try {
    await binder.probe(path);
    return undefined;
  } catch (error) {
    return codeOf(error) === "ECONNREFUSED" ? `${found.dev}:${found.ino}` : undefined;
  }
}

/** Which file is at the path; undefined where none is. While a socket is open, no other file gets its number. */
function fileAt(path: string): string | undefined {
  const found = lstatSync(path, { bigint: true, throwIfNoEntry: false });
  return found && `${found.dev}:${found.ino}`;
}

function codeOf(error: unknown): string | undefined {
  return error instanceof Error && "code" in error ? String(error.code) : undefined;
}
