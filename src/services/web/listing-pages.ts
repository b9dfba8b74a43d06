import { type DirectoryListing, directoryListing, type ListingOrder } from "./directory-listing.ts";
import type { Listed } from "./root.ts";
import { Semaphore } from "./semaphore.ts";
import type { Unopened } from "./unopened.ts";

/** Directories that are read at once: others wait. It is half of libuv's threads, so that files are opened meanwhile. */
export const MAX_LISTINGS = 2;

type Entries = DirectoryListing["entries"];

/** The pages of folders. All that ask for one while it is made wait for the same, so that no crowd has it made over and over. */
export class ListingPages {
  readonly #semaphore = new Semaphore(MAX_LISTINGS);
  readonly #making = new Map<string, Promise<string | Unopened>>();
  readonly #list: (path: string) => Promise<Listed>;
  readonly #shown: (folder: string, entries: Entries) => Entries;

  /** @param shown - which of the entries are on the page. */
  constructor(list: (path: string) => Promise<Listed>, shown: (folder: string, entries: Entries) => Entries) {
    this.#list = list;
    this.#shown = shown;
  }

  /** Something has changed: a page whose making has begun is given to nobody else. */
  expire(): void {
    this.#making.clear();
  }

  /** The page of a folder, or why there is none. */
  of(folder: string, order: ListingOrder): Promise<string | Unopened> {
    // No path has a NUL.
    const key = `${order.by}\0${order.direction}\0${folder}`;
    const making = this.#making.get(key);
    if (making !== undefined) return making;
    const page = this.#semaphore
      .run(() => this.#make(folder, order))
      .finally(() => {
        if (this.#making.get(key) === page) this.#making.delete(key);
      });
    this.#making.set(key, page);
    return page;
  }

  async #make(folder: string, order: ListingOrder): Promise<string | Unopened> {
    const listed = await this.#list(folder);
    if (listed.type !== "directory") return listed;
    const { entries, isComplete } = listed;
    const path = folder === "" ? "/" : `/${folder}/`;
    return directoryListing({ path, order, entries: this.#shown(folder, entries), isComplete });
  }
}
