import { closeSync, open, readlinkSync } from "node:fs";
import { promisify } from "node:util";
import { MISSING, type Unopened } from "./unopened.ts";

/**
 * A place in the file system, by a descriptor of O_PATH: open(2). What is there is not opened by it: a FIFO blocks nobody, and a
 * device notices nothing. And it stays the same one, whatever becomes of its name.
 */
export interface Place {
  readonly descriptor: number;
  close(): void;
}

/** Which symbolic links are followed: none, those whose target is inside of the root, or all. */
export type Symlinks = "deny" | "inside" | "follow";

/** The directory that places are looked for in. */
export interface Base {
  readonly descriptor: number;
  /** Where it is, byte by byte. */
  readonly path: string;
}

/** What `node:fs` has no name for; O_CLOEXEC is always set by it. */
export const O_PATH = 0o10_000_000;

const openOf = promisify(open);

/**
 * Looks in one of libuv's threads, since a disk may have to be waited for. Links are followed by the kernel, and then it is asked
 * where that has led: proc(5) tells the path of what was found, and not of what was named, so that a link that is put in the way
 * meanwhile leads nobody out. Throws what open(2) says.
 */
export async function findPlace(base: Base, path: string, symlinks: Symlinks): Promise<Place | Unopened> {
  const descriptor = await openOf(`${descriptorPath(base.descriptor)}/${path}`, O_PATH);
  let isPermitted = false;
  try {
    isPermitted = symlinks === "follow" || isWithin(placePath(descriptor), base.path, path, symlinks);
  } finally {
    if (!isPermitted) closeSync(descriptor);
  }
  return isPermitted ? { descriptor, close: () => closeSync(descriptor) } : MISSING;
}

/** proc(5): a name of what a descriptor is of, for calls that take a path. */
export function descriptorPath(descriptor: number): string {
  return `/proc/self/fd/${descriptor}`;
}

/** proc(5): where the thing of a descriptor is now, byte by byte; ` (deleted)` is behind the path of one that is no more. */
export function placePath(descriptor: number): string {
  return readlinkSync(descriptorPath(descriptor), "latin1");
}

function isWithin(found: string, root: string, path: string, symlinks: "deny" | "inside"): boolean {
  // With its separator: /srv/www-private is not in /srv/www.
  const inside = root === "/" ? root : `${root}/`;
  if (symlinks === "inside") return found === root || found.startsWith(inside);
  // Without a link on its way, it is where its name says.
  return found === (path === "." ? root : inside + Buffer.from(path).toString("latin1"));
}
