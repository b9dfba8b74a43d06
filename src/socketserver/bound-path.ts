import { lstatSync, unlinkSync } from "node:fs";
import { resolve } from "node:path";
import { type Address, codeOf } from "../socket/values.ts";

/** The path that a Unix socket was bound to, which the server removes if it is still the same file. */
export class BoundPath {
  readonly #path: string | Buffer;
  readonly #file: string | undefined;

  private constructor(path: string | Buffer) {
    this.#path = path;
    this.#file = fileAt(path);
  }

  /** Makes one from the address of a bound socket; undefined if that has no path. */
  static of({ path }: Address): BoundPath | undefined {
    if (path === undefined || path.length === 0) return undefined;
    return new BoundPath(toAbsolute(path));
  }

  /** Removes the path. Call it before the close: later another process may have bound the path, with a reused inode number. */
  remove(): void {
    if (this.#file === undefined || fileAt(this.#path) !== this.#file) return;
    try {
      unlinkSync(this.#path);
    } catch (error) {
      if (codeOf(error) !== "ENOENT") throw error;
    }
  }
}

/** Makes the path absolute, since the program may change its working directory. */
function toAbsolute(path: string | Buffer): string | Buffer {
  if (typeof path === "string") return resolve(path);
  return path[0] === 0x2f ? path : Buffer.concat([Buffer.from(`${process.cwd()}/`), path]);
}

/** Returns the device and inode of the file at a path. */
function fileAt(path: string | Buffer): string | undefined {
  try {
    const { dev, ino } = lstatSync(path, { bigint: true });
    return `${dev}:${ino}`;
  } catch {
    return undefined;
  }
}
