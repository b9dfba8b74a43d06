import { Buffer } from "node:buffer";
import { type Dotfiles, type RequestPath, requestPath } from "./request-path.ts";

/** Paths, as they were asked for, whose decoded form is kept: beyond these all are forgotten. */
export const MAX_KNOWN_PATHS = 4_096;
/** The longest such path. A longer one is decoded for each request. */
export const MAX_KNOWN_PATH_LENGTH = 512;

/** The decoded paths of requests: what is asked for often is decoded once. */
export class KnownPaths {
  readonly #dotfiles: Dotfiles;
  readonly #paths = new Map<string, RequestPath>();

  constructor(dotfiles: Dotfiles) {
    this.#dotfiles = dotfiles;
  }

  get size(): number {
    return this.#paths.size;
  }

  /** See {@link requestPath}. */
  of(path: string): RequestPath {
    const known = this.#paths.get(path);
    if (known !== undefined) return known;
    // V8 keeps the whole of a string of which a slice is kept: here the head that the path was cut out of.
    const own = Buffer.from(path).toString();
    const found = requestPath(own, this.#dotfiles);
    if (own.length > MAX_KNOWN_PATH_LENGTH) return found;
    if (this.#paths.size >= MAX_KNOWN_PATHS) this.#paths.clear();
    this.#paths.set(own, found);
    return found;
  }
}
