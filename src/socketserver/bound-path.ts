import { lstatSync, unlinkSync } from "node:fs";
import { resolve } from "node:path";
import { type Address, codeOf } from "../socket/values.ts";

/** The path that a Unix socket was bound to: the server's to remove, for as long as it is still the same file. */
export class BoundPath {
  readonly #path: string | Buffer;
  readonly #file: string | undefined;

  private constructor(path: string | Buffer) {
    this.#path = path;
    this.#file = fileAt(path);
  }

  /** The path of a socket's own address; undefined where it has none. */
  static of({ path }: Address): BoundPath | undefined {
    if (path === undefined || path.length === 0) return undefined;
    return new BoundPath(absolute(path));
  }

  /** Before the close: afterwards somebody else may have bound the path, and the inode's number come again. */
  remove(): void {
    if (this.#file === undefined || fileAt(this.#path) !== this.#file) return;
    try {
      unlinkSync(this.#path);
    } catch (error) {
      if (codeOf(error) !== "ENOENT") throw error;
    }
  }
}

/** The program may go to another folder meanwhile. */
function absolute(path: string | Buffer): string | Buffer {
  if (typeof path === "string") return resolve(path);
  return path[0] === 0x2f ? path : Buffer.concat([Buffer.from(`${process.cwd()}/`), path]);
}

/** Which file there is at a path, by device and inode. */
function fileAt(path: string | Buffer): string | undefined {
  try {
    const { dev, ino } = lstatSync(path, { bigint: true });
    return `${dev}:${ino}`;
  } catch {
    return undefined;
  }
}
