import { isUtf8 } from "node:buffer";
import { opendir } from "node:fs/promises";
import type { Described } from "./file-stat.ts";
import { CONTROL } from "./request-path.ts";
import type { Unopened } from "./unopened.ts";

/** So many entries of a directory are looked at; a listing of a larger one says that it is not complete. */
export const MAX_LISTED_ENTRIES = 10_000;

/** A file or a directory, by its name. */
export type DirectoryEntry = Described & { readonly name: string };

/** What is in a directory. */
export interface DirectoryEntries {
  /** By name, in the order of its UTF-16 letters. */
  readonly entries: readonly DirectoryEntry[];
  /** Whether these are all: false where there are more than {@link MAX_LISTED_ENTRIES}. */
  readonly isComplete: boolean;
}

/**
 * What of a directory can be asked for: no hidden name, and none that is not UTF-8. Of each name it is asked what is there, so that
 * a link that leads out, a FIFO and a device are left out as they are when they are asked for. It is `busy` where of one name that
 * cannot be told now.
 *
 * @param path - of the directory.
 */
export async function directoryEntries(
  path: string,
  stat: (name: string) => Promise<Described | Unopened>,
): Promise<DirectoryEntries | Unopened> {
  const entries: DirectoryEntry[] = [];
  let count = 0;
  // It is read by portions, each in one of libuv's threads, so that others have their turn between two of them.
  for await (const { name: bytes } of await opendir(path, { encoding: "latin1" })) {
    if (++count > MAX_LISTED_ENTRIES) return { entries: entries.sort(byName), isComplete: false };
    const utf8 = Buffer.from(bytes, "latin1");
    const name = utf8.toString();
    if (name.startsWith(".") || CONTROL.test(name) || !isUtf8(utf8)) continue;
    const found = await stat(name);
    if ("stat" in found) entries.push({ ...found, name });
    // It may be there: without it the rest would pass for all.
    else if (found.type === "busy") return found;
  }
  return { entries: entries.sort(byName), isComplete: true };
}

function byName(left: DirectoryEntry, right: DirectoryEntry): number {
  return left.name < right.name ? -1 : 1;
}
