import type { HttpResponse } from "../../http/service/http-response.ts";
import type { DirectoryEntry } from "../web/directory-entries.ts";
import type { Listed, Root } from "../web/root.ts";
import { Semaphore } from "../web/semaphore.ts";
import type { FileStore } from "./file-store.ts";
import { sumLine } from "./sums.ts";

/** Limits the folders that are read at once; others wait. Half of libuv's threads, so that files can be opened meanwhile. */
export const MAX_FOLDERS_READ = 2;

/** What is in the folders of a store. */
export class Listings {
  readonly #root: Root;
  readonly #store: FileStore;
  readonly #semaphore = new Semaphore(MAX_FOLDERS_READ);

  constructor(root: Root, store: FileStore) {
    this.#root = root;
    this.#store = store;
  }

  /** The entries of a folder. */
  of(path: string): Promise<Listed> {
    return this.#semaphore.run(() => this.#root.list(path));
  }

  /** The entries as JSON. */
  async json(path: string, listed: Extract<Listed, { type: "directory" }>): Promise<HttpResponse> {
    const entries = await Promise.all(
      listed.entries.map(async (entry) => {
        const { name, type, stat } = entry;
        const modified = new Date(Number(stat.mtimeNs / 1_000_000n)).toISOString();
        if (type === "directory") return { name, type: "folder", modified };
        const sha256 = await this.#store.sha256Of(within(path, name), false).catch(() => undefined);
        return { name, type, size: stat.size, modified, sha256 };
      }),
    );
    return {
      headers: { "Content-Type": "application/json", "Cache-Control": "no-cache", "X-Content-Type-Options": "nosniff" },
      body: `${JSON.stringify({ path: path === "" ? "/" : `/${path}/`, isComplete: listed.isComplete, entries })}\n`,
    };
  }

  /** The digests of the files in the folder, in the form that `sha256sum -c` takes. They are computed where they are not known. */
  sums(path: string, listed: Extract<Listed, { type: "directory" }>): HttpResponse {
    return {
      headers: {
        "Content-Type": "text/plain; charset=utf-8",
        "Cache-Control": "no-cache",
        "X-Content-Type-Options": "nosniff",
      },
      body: this.#sumLines(path, listed.entries),
    };
  }

  async *#sumLines(path: string, entries: readonly DirectoryEntry[]): AsyncGenerator<string> {
    for (const { name, type } of entries) {
      if (type !== "file") continue;
      const sha256 = await this.#store.sha256Of(within(path, name), true);
      if (sha256 !== undefined) yield sumLine(sha256, name);
    }
  }
}

/** The path of a name in a folder. */
export function within(folder: string, name: string): string {
  return folder === "" ? name : `${folder}/${name}`;
}
