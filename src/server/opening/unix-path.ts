import { chmodSync, lchownSync, lstatSync, readFileSync, unlinkSync } from "node:fs";
import { nearest } from "../url/nearest.ts";
import { SocketUrlError } from "../url/socket-url.ts";

/** How a transport binds the path of a Unix socket, and looks whether somebody has it open. */
export interface PathBinder {
  bind(): void | Promise<void>;
  /** One connect(2), without waiting: throws its error. */
  probe(): Promise<void>;
}

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
  readonly #inode: bigint;
  #isRemoved = false;

  private constructor(path: string) {
    this.#path = path;
    this.#inode = lstatSync(path, { bigint: true }).ino;
  }

  /** bind(2); a path that a server left behind is taken over, but only when nobody listens on it. */
  static async bind(path: string, binder: PathBinder, access: FileAccess = {}): Promise<UnixPath> {
    // Before the bind: a name that nobody has is a mistake that leaves nothing behind.
    const owner = access.owner === undefined ? KEEP : idOf("/etc/passwd", access.owner);
    const group = access.group === undefined ? KEEP : idOf("/etc/group", access.group);
    try {
      await binder.bind();
    } catch (error) {
      if (codeOf(error) !== "EADDRINUSE" || !(await isStale(path, binder))) throw error;
      unlinkSync(path);
      await binder.bind();
    }
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
    try {
      if (lstatSync(this.#path, { bigint: true }).ino === this.#inode) unlinkSync(this.#path);
    } catch (error) {
      if (codeOf(error) !== "ENOENT") throw error;
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

/** unix(7): a connect to a socket that nobody has open any more is refused. */
async function isStale(path: string, binder: PathBinder): Promise<boolean> {
  if (!lstatSync(path).isSocket()) return false;
  try {
    await binder.probe();
    return false;
  } catch (error) {
    return codeOf(error) === "ECONNREFUSED";
  }
}

function codeOf(error: unknown): string | undefined {
  return error instanceof Error && "code" in error ? String(error.code) : undefined;
}
