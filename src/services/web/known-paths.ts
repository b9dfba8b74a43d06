import { Buffer } from "node:buffer";
import { type Dotfiles, type RequestPath, requestPath } from "./request-path.ts";

/** Limits the request paths whose decoded form is cached; beyond it, the cache is emptied. */
export const MAX_KNOWN_PATHS = 4_096;
/** Limits the length of a cached path; a longer one is decoded for each request. */
export const MAX_KNOWN_PATH_LENGTH = 512;

/** The cache of decoded request paths, so that frequent ones are decoded once. */
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
    // Copied, because V8 keeps the parent of a slice in memory: here the whole head of the request.
    const own = Buffer.from(path).toString();
    const found = requestPath(own, this.#dotfiles);
    if (own.length > MAX_KNOWN_PATH_LENGTH) return found;
    if (this.#paths.size >= MAX_KNOWN_PATHS) this.#paths.clear();
    this.#paths.set(own, found);
    return found;
  }
}
