import { foldedName } from "./file-path.ts";
import { partsOf } from "./publisher.ts";

/** Limits the folders whose names are remembered; beyond it, the one that was used longest ago is forgotten. */
export const MAX_REMEMBERED_FOLDERS = 64;
/** Limits the names of a folder that are compared; in a larger folder none are. */
export const MAX_COMPARED_NAMES = 10_000;

/**
 * Finds names that differ from another one of their folder by case or normal form alone: `A.txt` and `a.txt` are two files here, and one on
 * the disks of other systems. A folder is read once, and followed by the store's own changes.
 */
export class SimilarNames {
  readonly #namesOf: (folder: string) => Promise<readonly string[]>;
  /** The names of a folder by their folded form. */
  readonly #folders = new Map<string, Map<string, Set<string>>>();

  /** @param namesOf - reads the names of a folder. */
  constructor(namesOf: (folder: string) => Promise<readonly string[]>) {
    this.#namesOf = namesOf;
  }

  /** Adds a file, and returns the name of another one that is similar. */
  async add(path: string): Promise<string | undefined> {
    const { folder, name } = partsOf(path);
    const names = await this.#read(folder);
    if (names === undefined) return undefined;
    const similar = sameOf(names, name);
    similar.add(name);
    return [...similar].find((other) => other !== name);
  }

  /** A file or folder has this name no longer. */
  remove(path: string): void {
    const { folder, name } = partsOf(path);
    this.#folders.get(folder)?.get(foldedName(name))?.delete(name);
    for (const known of [...this.#folders.keys()]) {
      if (known === path || known.startsWith(`${path}/`)) this.#folders.delete(known);
    }
  }

  async #read(folder: string): Promise<Map<string, Set<string>> | undefined> {
    const known = this.#folders.get(folder);
    if (known !== undefined) {
      this.#folders.delete(folder);
      this.#folders.set(folder, known);
      return known;
    }
    const all = await this.#namesOf(folder);
    if (all.length > MAX_COMPARED_NAMES) return undefined;
    const names = new Map<string, Set<string>>();
    for (const name of all) sameOf(names, name).add(name);
    this.#folders.set(folder, names);
    const [oldest] = this.#folders.keys();
    if (this.#folders.size > MAX_REMEMBERED_FOLDERS && oldest !== undefined) this.#folders.delete(oldest);
    return names;
  }
}

/** The names with the folded form of a name. */
function sameOf(names: Map<string, Set<string>>, name: string): Set<string> {
  const folded = foldedName(name);
  const known = names.get(folded) ?? new Set<string>();
  names.set(folded, known);
  return known;
}
