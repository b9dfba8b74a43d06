import { generationOf, slotOf } from "../../native/kernel.ts";
import { addonError, kernel } from "../../native/load.ts";
import { errnoName } from "../../socket/values.ts";
import { FORBIDDEN, MISSING, type OpenFailure } from "./open-failure.ts";
import { type Base, O_PATH, type PathHandle, type Symlinks } from "./path-handle.ts";

// openat2(2), linux/openat2.h.
const RESOLVE_NO_SYMLINKS = 0x04;
const RESOLVE_BENEATH = 0x08;
/** Linux 5.12: the call fails instead of waiting for a disk. */
const RESOLVE_CACHED = 0x20;

const RESOLVE: Readonly<Record<Symlinks, number>> = {
  deny: RESOLVE_CACHED | RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS,
  inside: RESOLVE_CACHED | RESOLVE_BENEATH,
  follow: RESOLVE_CACHED,
};

/** Errors that are final. EXDEV is not: an absolute link, too, may lead to a file inside the base. */
const CERTAIN: ReadonlyMap<string, OpenFailure> = new Map([
  ["ENOENT", MISSING],
  ["ENOTDIR", MISSING],
  ["ELOOP", MISSING],
  ["ENAMETOOLONG", MISSING],
  ["EACCES", FORBIDDEN],
]);

/** Whether the addon is available. */
export const isAvailable = addonError === undefined;

/**
 * Looks a path up with one system call that does not block. Returns undefined if that is not possible: a part of the path is not in
 * memory, a link leads out of the base or to an absolute path, the kernel is too old (ENOSYS, EINVAL), or a system call filter refuses
 * the call (EPERM: seccomp(2)).
 */
export function openCachedPath(base: Base, path: string, symlinks: Symlinks): PathHandle | OpenFailure | undefined {
  const handle = kernel.openat2(base.descriptor, path, O_PATH, RESOLVE[symlinks]);
  if (handle < 0) return CERTAIN.get(errnoName(-handle));
  const key = [slotOf(handle), generationOf(handle)] as const;
  return { descriptor: kernel.fileno(...key), close: () => void kernel.close(...key) };
}
