import { type FSWatcher, lstatSync, readdirSync, watch } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";

/**
 * Limits the directories to watch; changes in further ones are not reported. Each takes a watch of inotify(7), of which a user has 8 192
 * by default before Linux 5.11.
 */
export const MAX_WATCHED_DIRECTORIES = 4_096;

/**
 * Reports each change below a directory. It watches directories, not files: `recursive` of node:fs watches files, and misses changes of a
 * file with which an editor has replaced the old one. It does not follow links.
 */
export class TreeWatcher {
  readonly #notify: () => void;
  readonly #watchers = new Map<string, FSWatcher>();

  /**
   * @param path - also what is put in its place, by rename(2) or by a link, is watched from then on.
   * @param onChange - called behind each change, once or more.
   */
  constructor(path: string, onChange: () => void) {
    this.#notify = onChange;
    const root = resolve(path);
    const around = dirname(root);
    if (around !== root) {
      // Nothing in a directory tells that another one is in its place.
      this.#watch(around, (name) => {
        if (name === basename(root)) this.#renewed(root);
      });
    }
    this.#watchTree(root);
  }

  /** How many directories are watched. */
  get size(): number {
    return this.#watchers.size;
  }

  close(): void {
    for (const watcher of this.#watchers.values()) watcher.close();
    this.#watchers.clear();
  }

  /** Also where it was watched before: another directory can be in its place. */
  #watchTree(root: string): void {
    for (const [path, watcher] of this.#watchers) {
      if (path !== root && !path.startsWith(`${root}/`)) continue;
      watcher.close();
      this.#watchers.delete(path);
    }
    const directories = [root];
    for (const directory of directories) {
      // Before it is read, so that nothing comes unseen in between.
      if (!this.#watch(directory, (name, isEntry) => this.#onChange(join(directory, name), isEntry))) continue;
      directories.push(...directoriesIn(directory).map((name) => join(directory, name)));
    }
  }

  /** What cannot be watched is not told of: the site is served all the same. */
  #watch(directory: string, onChange: (name: string, isEntry: boolean) => void): boolean {
    if (this.#watchers.size >= MAX_WATCHED_DIRECTORIES) return false;
    try {
      const watcher = watch(directory, { persistent: false }, (event, name) =>
        onChange(name ?? "", event === "rename"),
      );
      watcher.on("error", () => watcher.close());
      this.#watchers.set(directory, watcher);
      return true;
    } catch {
      return false;
    }
  }

  /** @param isEntry - whether a name has come or gone, and not only what is in a file. */
  #onChange(path: string, isEntry: boolean): void {
    if (isEntry && (this.#watchers.has(path) || isDirectory(path))) this.#renewed(path);
    else this.#notify();
  }

  #renewed(path: string): void {
    this.#watchTree(path);
    this.#notify();
  }
}

/** None of one that is gone, or may not be read. */
function directoriesIn(path: string): readonly string[] {
  try {
    return readdirSync(path, { withFileTypes: true }).flatMap((entry) => (entry.isDirectory() ? [entry.name] : []));
  } catch {
    return [];
  }
}

function isDirectory(path: string): boolean {
  try {
    return lstatSync(path).isDirectory();
  } catch {
    return false;
  }
}
