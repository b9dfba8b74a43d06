import { type Dotfiles, type RequestPath, requestPath } from "./request-path.ts";

/** Paths, as they were asked for, whose decoded form is kept: beyond these all are forgotten. */
export const MAX_KNOWN_PATHS = 4_096;

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
    const found = requestPath(path, this.#dotfiles);
    if (this.#paths.size >= MAX_KNOWN_PATHS) this.#paths.clear();
    this.#paths.set(path, found);
    return found;
  }
}
