import { isUtf8 } from "node:buffer";
import { opendir } from "node:fs/promises";
import type { Described } from "./file-stat.ts";
import type { OpenFailure } from "./open-failure.ts";
import { CONTROL } from "./request-path.ts";

/** Limits the entries of a directory that the server reads; the listing of a larger one says that it is not complete. */
export const MAX_LISTED_ENTRIES = 10_000;

/** A file or a directory, by its name. */
export type DirectoryEntry = Described & { readonly name: string };

/** The entries of a directory. */
export interface DirectoryEntries {
  /** By name, in the order of its UTF-16 letters. */
  readonly entries: readonly DirectoryEntry[];
  /** Whether these are all: false where there are more than {@link MAX_LISTED_ENTRIES}. */
  readonly isComplete: boolean;
}

/**
 * Reads the entries of a directory that a client can request: no hidden name, and none that is not UTF-8. It looks each name up, so that
 * it leaves out a link that leads out, a FIFO and a device, which requests cannot reach either. The result is `busy` if one lookup is.
 *
 * @param path - of the directory.
 */
export async function directoryEntries(
  path: string,
  stat: (name: string) => Promise<Described | OpenFailure>,
): Promise<DirectoryEntries | OpenFailure> {
  const entries: DirectoryEntry[] = [];
  let count = 0;
  // Read in portions, each in one of libuv's threads, so that other requests run in between.
  for await (const { name: bytes } of await opendir(path, { encoding: "latin1" })) {
    if (++count > MAX_LISTED_ENTRIES) return { entries: entries.sort(byName), isComplete: false };
    const utf8 = Buffer.from(bytes, "latin1");
    const name = utf8.toString();
    if (name.startsWith(".") || CONTROL.test(name) || !isUtf8(utf8)) continue;
    const found = await stat(name);
    if ("stat" in found) entries.push({ ...found, name });
    // The entry may exist; without it, the listing would falsely pass for complete.
    else if (found.type === "busy") return found;
  }
  return { entries: entries.sort(byName), isComplete: true };
}

function byName(left: DirectoryEntry, right: DirectoryEntry): number {
  return left.name < right.name ? -1 : 1;
}
