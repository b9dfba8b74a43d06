import { closeSync, constants, open } from "node:fs";
import { promisify } from "node:util";
import { type Base, O_PATH, pathOf } from "./path-handle.ts";

const openOf = promisify(open);

/** A directory that a root was at one time. It is open as long as somebody looks into it. */
export class RootDirectory implements Base {
  readonly descriptor: number;
  readonly path: string;
  #users = 0;
  #isRetired = false;

  private constructor(descriptor: number, path: string) {
    this.descriptor = descriptor;
    this.path = path;
  }

  /** Throws what open(2) says of the name, and of proc(5), without which nobody could tell where a file is. */
  static async open(name: string): Promise<RootDirectory> {
    const descriptor = await openOf(name, O_PATH | constants.O_DIRECTORY);
    try {
      return new RootDirectory(descriptor, pathOf(descriptor));
    } catch (error) {
      closeSync(descriptor);
      throw error;
    }
  }

  /** Every use is followed by a {@link leave}. */
  enter(): void {
    this.#users++;
  }

  leave(): void {
    this.#users--;
    this.#closeUnused();
  }

  /** Closes it behind the last user. */
  retire(): void {
    if (this.#isRetired) return;
    this.#isRetired = true;
    this.#closeUnused();
  }

  #closeUnused(): void {
    if (this.#isRetired && this.#users === 0) closeSync(this.descriptor);
  }
}
