import { type DirectoryListing, directoryListing, type ListingOrder } from "./directory-listing.ts";
import type { OpenFailure } from "./open-failure.ts";
import type { Listed } from "./root.ts";
import { Semaphore } from "./semaphore.ts";

/** Limits the directories read at once; others wait. Half of libuv's threads, so that files can be opened meanwhile. */
export const MAX_LISTINGS = 2;

type Entries = DirectoryListing["entries"];

/** The listing pages of folders. Requests for a page that is being made wait for the same result. */
export class ListingPages {
  readonly #semaphore = new Semaphore(MAX_LISTINGS);
  readonly #making = new Map<string, Promise<string | OpenFailure>>();
  readonly #list: (path: string) => Promise<Listed>;
  readonly #shown: (folder: string, entries: Entries) => Entries;

  /** @param shown - selects the entries to show. */
  constructor(list: (path: string) => Promise<Listed>, shown: (folder: string, entries: Entries) => Entries) {
    this.#list = list;
    this.#shown = shown;
  }

  /** Called when a file changes: later requests do not get a page that was begun before. */
  expire(): void {
    this.#making.clear();
  }

  /** Returns the page of a folder, or the reason why there is none. */
  of(folder: string, order: ListingOrder): Promise<string | OpenFailure> {
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

  async #make(folder: string, order: ListingOrder): Promise<string | OpenFailure> {
    const listed = await this.#list(folder);
    if (listed.type !== "directory") return listed;
    const { entries, isComplete } = listed;
    const path = folder === "" ? "/" : `/${folder}/`;
    return directoryListing({ path, order, entries: this.#shown(folder, entries), isComplete });
  }
}
