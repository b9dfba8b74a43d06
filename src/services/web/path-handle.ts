import { closeSync, open, readlinkSync } from "node:fs";
import { promisify } from "node:util";
import { MISSING, type OpenFailure } from "./open-failure.ts";

/**
 * A file system object, opened with O_PATH: open(2). That does not open its content, so a FIFO does not block and a device
 * notices nothing. The descriptor refers to the same object even if its name changes.
 */
export interface PathHandle {
  readonly descriptor: number;
  close(): void;
}

/** Which symbolic links the server follows: none, those whose target is inside the root, or all. */
export type Symlinks = "deny" | "inside" | "follow";

/** The directory in which names are looked up. */
export interface Base {
  readonly descriptor: number;
  /** Its path, as bytes. */
  readonly path: string;
}

/** Flags that `node:fs` does not name; it always sets O_CLOEXEC. */
export const O_PATH = 0o10_000_000;

const openOf = promisify(open);

/**
 * Looks a name up in a thread of libuv, because the disk may be slow. The kernel follows the links; then proc(5) gives the path
 * of the object that was found, so a link that is swapped in at that moment leads no request outside the root. Throws the error
 * of open(2).
 */
export async function openPath(base: Base, path: string, symlinks: Symlinks): Promise<PathHandle | OpenFailure> {
  const descriptor = await openOf(`${descriptorPath(base.descriptor)}/${path}`, O_PATH);
  let isPermitted = false;
  try {
    isPermitted = symlinks === "follow" || isWithin(pathOf(descriptor), base.path, path, symlinks);
  } finally {
    if (!isPermitted) closeSync(descriptor);
  }
  return isPermitted ? { descriptor, close: () => closeSync(descriptor) } : MISSING;
}

/** proc(5): a path to the object of a descriptor, for calls that take a path. */
export function descriptorPath(descriptor: number): string {
  return `/proc/self/fd/${descriptor}`;
}

/** proc(5): the current path of the object, as bytes; the kernel appends ` (deleted)` when it has been removed. */
export function pathOf(descriptor: number): string {
  return readlinkSync(descriptorPath(descriptor), "latin1");
}

function isWithin(found: string, root: string, path: string, symlinks: "deny" | "inside"): boolean {
  // With the separator: /srv/www-private is not inside /srv/www.
  const inside = root === "/" ? root : `${root}/`;
  if (symlinks === "inside") return found === root || found.startsWith(inside);
  // Without symbolic links, the path is the name itself.
  return found === (path === "." ? root : inside + Buffer.from(path).toString("latin1"));
}
